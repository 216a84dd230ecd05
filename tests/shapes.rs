//! Shapes that no tensor can have, and results that exceed any machine's memory: every way to make one panics at the
//! user's line and names the operation and the shape, in every build profile (overflow behaves differently in release
//! builds).
#![cfg(target_pointer_width = "64")]

use std::panic::catch_unwind;
use std::time::Duration;

use downhill::prelude::*;
use downhill::{
    AvgPool1d, Conv, ConvPadding, ConvTranspose, MAX_AXES, MaxPool1d, PadMode, Unfold, Upsample, einsum, jacobian,
};
use downhill_tests::misuse::refuses;
use ndarray::{Array, ArrayD, ArrayView, IxDyn, NewAxis, array, s};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Three times this is 64 if it wraps around.
const THIRD: usize = 0xAAAA_AAAA_AAAA_AAC0;
/// Its square is 0 if it wraps around.
const ROOT: usize = 1 << 32;
/// A square of this size is within `isize::MAX` bytes, but larger than a 48-bit address space.
const LARGE: usize = 1 << 24;

#[track_caller]
fn zeros(shape: &[usize]) -> Tensor<f32> {
    Tensor::zeros(shape)
}

#[track_caller]
fn wide(shape: &[usize]) -> Tensor<f64> {
    Tensor::zeros(shape)
}

/// Shapes whose product wraps around to a harmless size.
fn hostile() -> Vec<Vec<usize>> {
    vec![
        vec![3, THIRD],
        vec![ROOT, ROOT],
        vec![usize::MAX, 2],
        vec![usize::MAX],
        vec![1 << 61],
        vec![1 << 31, 1 << 30, 1],
        vec![0, ROOT, ROOT],
        vec![usize::MAX, 0],
        vec![2, 1 << 63, 0],
        vec![1 << 16, 1 << 16, 1 << 16, 1 << 16],
    ]
}

#[test]
fn constructors() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for shape in hostile() {
        let shown = format!("{shape:?} is too large");
        let fan = init::Fan::In;
        refuses(&["zeros: the shape", &shown], || zeros(&shape));
        refuses(&["ones: the shape", &shown], || Tensor::<f32>::ones(&shape));
        refuses(&["full: the shape", &shown], || Tensor::full(&shape, 1.5_f64));
        refuses(&["appended: the shape", &shown], || Tensor::<f32>::appended(&shape, |_| ()));
        refuses(&["appended", &shown], || Tensor::appended(&shape, |v| v.extend([1.0_f32; 64])));
        refuses(&["full: the shape", &shown], || init::constant::<f32>(&shape, 0.5));
        refuses(&["uniform: the shape", &shown], || init::uniform::<f32>(&shape, 0.0..=1.0, &mut rng));
        refuses(&["normal: the shape", &shown], || init::normal::<f64>(&shape, 0.0, 1.0, &mut rng));
        refuses(&["truncated_normal", &shown], || {
            init::truncated_normal::<f64>(&shape, 0.0, 1.0, -1.0..=1.0, &mut rng)
        });
        if shape.len() > 1 {
            refuses(&["orthogonal", &shown], || init::orthogonal::<f32>(&shape, 1.0, &mut rng));
            let relu = init::Nonlinearity::Relu;
            refuses(&["kaiming_normal", &shown], || init::kaiming_normal::<f32>(&shape, fan, relu, &mut rng));
            refuses(&["kaiming_uniform", &shown], || init::kaiming_uniform::<f32>(&shape, fan, relu, &mut rng));
            refuses(&["xavier_normal", &shown], || init::xavier_normal::<f32>(&shape, 1.0, &mut rng));
            refuses(&["xavier_uniform", &shown], || init::xavier_uniform::<f32>(&shape, 1.0, &mut rng));
        }
    }
    refuses(&["Linear: the shape [3, 12297829382473034432]"], || Linear::<f32>::new(THIRD, 3, &mut rng));
    refuses(&["Linear: the shape [3, 12297829382473034432]"], || Linear::<f32>::without_bias(THIRD, 3, &mut rng));
    refuses(&["Lstm: the shape [12, 12297829382473034432]"], || nn::Lstm::<f32>::new(THIRD, 3, &mut rng));
    refuses(&["Gru: the shape", "too large"], || nn::Gru::<f32>::new(2, THIRD, &mut rng));
    refuses(&["Rnn: the shape", "too large"], || nn::Rnn::<f32>::new(2, ROOT, &mut rng));
    refuses(&["RnnCell: the shape", "too large"], || nn::RnnCell::<f32>::new(2, ROOT, &mut rng));
    refuses(&["GruCell: the shape", "too large"], || nn::GruCell::<f32>::without_bias(2, usize::MAX, &mut rng));
    // The input is valid and has no elements; with a wider last axis its shape would not be valid.
    let lstm = nn::Lstm::<f32>::new(2, 3, &mut rng);
    refuses(&["lstm of", "0, 18]", "too large"], || lstm.forward(&zeros(&[1 << 58, 0, 2]), None));
    refuses(&["Linear: the shape [12297829382473034432, 2]"], || Mlp::<f32>::new(&[2, THIRD, 3], Tanh, &mut rng));
    refuses(&["LayerNorm: the shape [3, 12297829382473034432]"], || nn::LayerNorm::<f32>::new(&[3, THIRD]));
    refuses(&["RmsNorm: the shape [3, 12297829382473034432]"], || nn::RmsNorm::<f32>::new(&[3, THIRD]));
    refuses(&["GroupNorm: the shape [18446744073709551615]"], || nn::GroupNorm::<f32>::new(1, usize::MAX));
    refuses(&["BatchNorm2d: the shape [18446744073709551615]"], || nn::BatchNorm2d::<f32>::new(usize::MAX));
    refuses(&["InstanceNorm1d: the shape [18446744073709551615]"], || {
        nn::InstanceNorm1d::<f32>::new(usize::MAX).affine(true)
    });
    refuses(&["Bilinear: the shape [3, 2, 12297829382473034432]"], || nn::Bilinear::<f32>::new(2, THIRD, 3, &mut rng));
    refuses(&["MultiheadAttention: the shape [18446744073709551615, 9223372036854775808]"], || {
        nn::MultiheadAttention::<f32>::new(1 << 63, 2, &mut rng)
    });
    refuses(&["LearnedPositions: the shape [3, 12297829382473034432]"], || {
        nn::LearnedPositions::<f32>::new(3, THIRD, &mut rng)
    });
    refuses(&["sinusoidal_positions: the shape [12297829382473034432, 3]"], || {
        nn::sinusoidal_positions::<f32>(THIRD, 3)
    });
    refuses(&["one_hot", "[2, 18446744073709551615] is too large"], || Tensor::<f32>::one_hot(&[0, 1], usize::MAX));
}

/// The element type matters: the limit is in bytes, not in elements.
#[test]
fn the_limit_is_in_bytes() {
    assert_eq!(zeros(&[0, (1 << 61) - 1]).shape(), [0, (1 << 61) - 1]);
    assert_eq!(wide(&[0, (1 << 60) - 1]).shape(), [0, (1 << 60) - 1]);
    refuses(&["zeros", "[0, 2305843009213693952]"], || zeros(&[0, 1 << 61]));
    refuses(&["zeros", "[0, 1152921504606846976]"], || wide(&[0, 1 << 60]));
    // `ndarray` counts elements, and accepts this.
    let array = Array::<f64, _>::zeros((0, 1 << 62));
    refuses(&["Tensor::from", "[0, 4611686018427387904] is too large"], || Tensor::from(array.clone()));
    refuses(&["Tensor::from"], || Tensor::from(&array));
    refuses(&["Tensor::from"], || Tensor::from(array.view()));
    refuses(&["Tensor::from"], || Tensor::from(array.clone().into_shared()));
    refuses(&["Tensor::from"], || Tensor::new(array.clone()));
    refuses(&["Tensor::from"], || Tensor::param(array.clone()));
}

#[test]
fn other_shapes_of_a_tensor() {
    for (from, to) in [(vec![64], vec![3, THIRD]), (vec![0], vec![ROOT, ROOT]), (vec![0], vec![0, ROOT, ROOT])] {
        let shown = format!("{to:?} is too large");
        refuses(&[&format!("reshape of {from:?}"), &shown], || zeros(&from).reshape(&to));
    }
    for shape in hostile() {
        let shown = format!("{shape:?} is too large");
        refuses(&["broadcast_to of []", &shown], || zeros(&[]).broadcast_to(&shape));
        refuses(&["broadcast_to of [1]", &shown], || zeros(&[1]).broadcast_to(&shape));
        refuses(&["broadcast_to of [1]", &shown], || Tensor::param(zeros(&[1])).broadcast_to(&shape));
    }
    refuses(&["broadcast_to", "[1099511627776, 1099511627776]"], || zeros(&[1]).broadcast_to(&[1 << 40, 1 << 40]));
}

#[test]
fn results_of_two() {
    // Tensors without elements can have large axes without taking memory.
    let (row, column) = (zeros(&[0, 1, ROOT]), zeros(&[0, ROOT, 1]));
    let shown = "[0, 4294967296, 4294967296] is too large";
    refuses(&["add of [0, 1, 4294967296] and [0, 4294967296, 1]", shown], || &row + &column);
    refuses(&["mul of", shown], || &row * &column);
    refuses(&["maximum of", shown], || row.maximum(&column));
    refuses(&["pow of", shown], || row.pow(&column));
    refuses(&["gt of", shown], || row.gt(&column));
    refuses(&["all_close of", shown], || row.all_close(&column, 0.0, 0.0));
    refuses(&["where_ of", shown], || where_(&row.gt(0.0), &column, 0.0));
    refuses(&["where_ of", shown], || where_(&array![[[true]]], &column, &row));

    refuses(&["matmul of [4294967296, 0] and [0, 4294967296]: the shape [4294967296, 4294967296]"], || {
        zeros(&[ROOT, 0]).matmul(&zeros(&[0, ROOT]))
    });
    let stacks = (zeros(&[ROOT, 1, 2, 0]), zeros(&[1, ROOT, 0, 2]));
    refuses(&["matmul", "[4294967296, 4294967296, 2, 2] is too large"], || stacks.0.matmul(&stacks.1));
    let layer = (zeros(&[ROOT, 0]), zeros(&[ROOT, 0]));
    refuses(&["matmul", "is too large"], || layer.0.linear(&layer.1, None));
    refuses(&["linear", "[4294967296, 0, 4294967296] is too large"], || {
        zeros(&[ROOT, 0, 0]).linear(&zeros(&[ROOT, 0]), None)
    });
}

#[test]
fn joined_and_selected() {
    let x = zeros(&[0, 1 << 60]);
    refuses(&["concat of", "[0, 2305843009213693952] is too large"], || concat(&[&x, &x], 1));
    let many = vec![&x; 16];
    refuses(&["concat of", "is too large"], || concat(&many, 1));
    refuses(&["concat of", "is too large"], || concat(&[many, vec![&zeros(&[0, 64])]].concat(), 1));
    refuses(&["stack: the shape [2"], || stack(&[&x; 2], 0));
    refuses(&["index_select of [1, 0, 1152921504606846976]", "[2, "], || {
        x.reshape(&[1, 0, 1 << 60]).index_select(0, &[0, 0])
    });
    refuses(&["split_sizes"], || zeros(&[5]).split_sizes(&[usize::MAX, 6], 0));
    refuses(&["narrow of [5]"], || zeros(&[5]).narrow(0, usize::MAX, 2));
    refuses(&["split of", "cannot allocate 2305843009213693951 pieces"], || zeros(&[(1 << 61) - 1, 0]).split(1, 0));
    let huge = Tensor::param(zeros(&[0, ROOT]));
    refuses(&["jacobian", "[0, 4294967296, 0, 4294967296] is too large"], || jacobian(&huge.exp(), &huge));
}

#[test]
fn pooled_padded_and_resized() {
    let most = usize::MAX;
    // One row without elements, however long; and windows as large as numbers can be.
    let none = zeros(&[0, (1 << 32) - 1]);
    assert_eq!(none.max_pool1d(2).shape(), [0, (1 << 31) - 1]);
    assert_eq!(none.avg_pool1d(3).shape(), [0, 1431655765]);
    assert_eq!(none.adaptive_avg_pool1d(1 << 40).shape(), [0, 1 << 40]);
    assert_eq!(none.unsqueeze(0).interpolate(&Upsample::new(4.0)).shape(), [1, 0, 17179869180]);
    assert_eq!(none.pad(&[(1 << 31, 1 << 31)], PadMode::Reflect).shape(), [0, (1 << 33) - 1]);
    let wide = MaxPool1d { stride: Some([1]), padding: [most / 2], ..MaxPool1d::new(most) };
    assert_eq!(Tensor::from([1.0_f32, 3.0, 2.0]).max_pool1d(wide), Tensor::from([3.0_f32; 3]));
    refuses(&["max_pool1d of [0, 4294967296]", "fewer than 2³² elements"], || zeros(&[0, ROOT]).max_pool1d(2));
    refuses(&["max_pool1d of [5]", "span"], || {
        zeros(&[5]).max_pool1d(MaxPool1d { dilation: [most], ..MaxPool1d::new(most) })
    });
    refuses(&["avg_pool1d of [5]", "half the kernel"], || {
        zeros(&[5]).avg_pool1d(AvgPool1d { padding: [most], ..AvgPool1d::new(most) })
    });
    refuses(&["adaptive_max_pool2d", "[4294967296, 4294967296] is too large"], || {
        zeros(&[1, 1]).adaptive_max_pool2d(ROOT)
    });
    refuses(&["adaptive_avg_pool2d", "[4294967296, 4294967296] is too large"], || {
        zeros(&[1, 1]).adaptive_avg_pool2d(ROOT)
    });
    for mode in [PadMode::Constant(0.0), PadMode::Replicate] {
        refuses(&["pad of [1]", "[18446744073709551615] is too large"], || zeros(&[1]).pad(&[(most, 7)], mode));
    }
    refuses(&["interpolate", "is too large"], || zeros(&[1, 1, 1]).interpolate(&Upsample::new(f64::MAX)));
    refuses(&["interpolate", "is too large"], || zeros(&[1, 1, 1, 1]).interpolate(&Upsample::new([ROOT, ROOT])));
    refuses(&["pixel_shuffle: the shape [0, ", "is too large"], || zeros(&[0, 1, ROOT]).pixel_shuffle(ROOT - 1));
    refuses(&["pixel_unshuffle: the shape [", "is too large"], || zeros(&[ROOT, 0, 0]).pixel_unshuffle(1 << 20));
    refuses(&["unflatten of [5]", "not the product"], || zeros(&[5]).unflatten(0, &[most, most]));
}

#[test]
fn repeated_and_contracted() {
    for x in [zeros(&[3]), zeros(&[0, 3])] {
        let name = format!("repeat of {:?}", x.shape());
        let repeats = [&vec![1; x.ndim() - 1][..], &[THIRD]].concat();
        refuses(&[&name, "is too large"], || x.repeat(&repeats));
        refuses(&["tile of", "is too large"], || x.tile(&[THIRD]));
        refuses(&["repeat_interleave of", "is too large"], || x.repeat_interleave(&[THIRD], -1));
        refuses(&["repeat_interleave of", "is too large"], || x.repeat_interleave(&[usize::MAX, 1, 3], -1));
    }
    // Nothing, any number of times.
    assert_eq!(zeros(&[0]).repeat(&[usize::MAX]).shape(), [0]);
    assert_eq!(zeros(&[0]).repeat_interleave(&[usize::MAX], 0).shape(), [0]);
    assert_eq!(zeros(&[8, 2]).repeat(&[0, 1 << 59]).shape(), [0, 1 << 60]);
    refuses(&["diag_embed of [3]", "is too large"], || zeros(&[3]).diag(isize::MAX));
    refuses(&["diag_embed of [0, 4294967296]", "is too large"], || zeros(&[0, ROOT]).diag_embed(0));
    let (a, b) = (zeros(&[0, ROOT]), zeros(&[0, ROOT]));
    refuses(&["tensordot of [0, 4294967296] and [0, 4294967296]", "is too large"], || a.tensordot(&b, &[0], &[0]));
    refuses(&["einsum of", "is too large"], || einsum("ij,ik->jk", &[&a, &b]));
    refuses(&["cdist of", "is too large"], || a.t().cdist(&b.t(), 2.0));
    assert_eq!(a.reshape(&[0, ROOT, 1]).median_axis(2).shape(), [0, ROOT]);
    assert_eq!(zeros(&[0, 1 << 40]).logcumsumexp(0).shape(), [0, 1 << 40]);
    assert_eq!(zeros(&[0, 1 << 40]).cumprod(0).shape(), [0, 1 << 40]);
    assert_eq!(zeros(&[0, 1 << 40]).sort(0, false).1.shape(), [0, 1 << 40]);
}

#[test]
fn convolutions() {
    let pixel = zeros(&[1, 1, 1, 1]);
    let padded = |padding: [usize; 2]| Conv { padding: padding.into(), ..Conv::default() };
    refuses(&["conv2d of [1, 1, 1, 1]", "height: the padding is too large"], || {
        pixel.conv2d(&pixel, None, padded([usize::MAX, 0]))
    });
    refuses(&["conv2d", "height: the padding"], || pixel.conv2d(&pixel, None, padded([1 << 62, 0])));
    refuses(&["conv2d", "is too large"], || pixel.conv2d(&pixel, None, padded([ROOT, ROOT])));
    refuses(&["conv2d: ", "bytes"], || pixel.conv2d(&pixel, None, padded([LARGE, LARGE])));
    let pair = zeros(&[1, 1, 1, 2]);
    let wide = Conv { dilation: [1, usize::MAX], ..Conv::default() };
    refuses(&["conv2d", "width: the kernel, with its dilation, is too large"], || pixel.conv2d(&pair, None, wide));
    let same = Conv { padding: ConvPadding::Same, ..wide };
    refuses(&["conv2d", "width: "], || pixel.conv2d(&pair, None, same));
    // Far apart, but with little to do.
    let far = Conv { dilation: [1, 1 << 40], padding: [0, 1 << 39].into(), ..Conv::default() };
    assert_eq!(pixel.conv2d(&pair, None, far).shape(), [1, 1, 1, 1]);
    let once = Conv { stride: [usize::MAX; 2], ..Conv::default() };
    assert_eq!(zeros(&[1, 1, 5, 5]).conv2d(&pixel, None, once).shape(), [1, 1, 1, 1]);

    let stride = |stride: usize| ConvTranspose { stride: [stride; 2], ..ConvTranspose::default() };
    refuses(&["conv_transpose2d", "width: the result is too large"], || {
        pair.conv_transpose2d(&pixel, None, stride(usize::MAX))
    });
    refuses(&["conv_transpose2d", "[1, 1, 1, 2305843009213693953] is too large"], || {
        pair.conv_transpose2d(&pixel, None, stride(1 << 61))
    });
    let many = ConvTranspose { groups: usize::MAX, ..ConvTranspose::default() };
    refuses(&["conv_transpose2d"], || zeros(&[0, 0, 1, 1]).conv_transpose2d(&zeros(&[0, 2, 1, 1]), None, many));
    let unfold = Unfold { padding: [ROOT, ROOT], ..Unfold::default() };
    refuses(&["unfold of [1, 1, 1, 1]", "is too large"], || pixel.unfold([1, 1], unfold));
    let unfold = Unfold { padding: [LARGE, LARGE], ..Unfold::default() };
    refuses(&["unfold: ", "bytes"], || pixel.unfold([1, 1], unfold));
    refuses(&["fold of [1, 1]", "is too large"], || zeros(&[1, 1]).fold([1, 1], [usize::MAX, 1], Unfold::default()));
}

#[test]
fn at_most_64_axes() {
    assert_eq!(MAX_AXES, 64);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let most = zeros(&[1; 64]);
    for axes in [65, 100_000] {
        let shape = vec![1; axes];
        let reason: &[&str] = &["a tensor has at most 64 axes, not", &axes.to_string()];
        refuses(reason, || zeros(&shape));
        refuses(reason, || Tensor::<f32>::appended(&shape, |v| v.push(1.0)));
        refuses(reason, || init::uniform::<f32>(&shape, 0.0..=1.0, &mut rng));
        refuses(reason, || init::kaiming_normal::<f32>(&shape, init::Fan::In, init::Nonlinearity::Relu, &mut rng));
        refuses(reason, || zeros(&[1]).reshape(&shape));
        refuses(reason, || zeros(&[1]).broadcast_to(&shape));
        refuses(reason, || Tensor::from(ArrayD::<f32>::zeros(IxDyn(&shape))));
        refuses(reason, || Tensor::from(ArrayD::<f32>::zeros(IxDyn(&shape)).view()));
        refuses(reason, || Tensor::from(&ArrayD::<f32>::zeros(IxDyn(&shape))));
        refuses(reason, || where_(&ArrayD::from_elem(IxDyn(&shape), true), 1.0, 0.0));
        refuses(reason, || zeros(&[1]).gather(0, &ArrayD::from_elem(IxDyn(&shape), 0)));
        refuses(reason, || zeros(&[1]).scatter_add(0, &ArrayD::from_elem(IxDyn(&shape), 0), &zeros(&[1])));
    }
    let reason: &[&str] = &["at most 64 axes, not 65"];
    refuses(&["unsqueeze: a tensor has at most 64 axes, not 65"], || most.unsqueeze(0));
    refuses(&["stack: a tensor has at most 64 axes, not 65"], || stack(&[&most, &most], 0));
    refuses(&["diag_embed of", "at most 64 axes, not 65"], || most.diag_embed(0));
    refuses(&["repeat of [1]", "at most 64 axes, not 65"], || zeros(&[1]).repeat(&[1; 65]));
    refuses(&["tensordot of", "at most 64 axes, not 65"], || most.tensordot(&zeros(&[1]), &[], &[]));
    refuses(reason, || most.slice(s![NewAxis, ..]));
    let x = Tensor::param(zeros(&[1; 33]));
    refuses(&["jacobian: a tensor has at most 64 axes, not 66"], || jacobian(&x.exp(), &x));
}

/// A bit for each of exactly 64 axes.
#[test]
fn all_of_64_axes() {
    for large in [0, 1, 31, 62, 63] {
        let mut shape = vec![1; 64];
        shape[large] = 3;
        let x = Tensor::param(Tensor::from([1.0, 2.0, 4.0]).reshape(&shape));
        assert_eq!(x.sum().item(), 7.0);
        assert_eq!(x.sum_axis(keep(..)).shape(), [1; 64]);
        assert_eq!(x.sum_axis(..).shape(), [0; 0]);
        assert_eq!(x.sum_axis(large).shape(), [1; 63]);
        assert_eq!(x.sum_axis(large as isize - 64).item(), 7.0);
        let others: Vec<isize> = (0..64).filter(|&axis| axis != large as isize).collect();
        assert_eq!(x.sum_axis(others.as_slice()), Tensor::from([1.0, 2.0, 4.0]));
        assert_eq!((x.max().item(), x.mean_axis(large as isize).to_vec()), (4.0, vec![7.0 / 3.0]));
        assert_eq!(x.flip(large as isize).to_vec(), [4.0, 2.0, 1.0]);
        assert_eq!(x.squeeze().shape(), [3]);
        assert_eq!(x.prod().item(), 8.0);
        assert_eq!(x.softmax(large as isize).shape(), shape);
        // The whole tensor is broadcast from a scalar.
        let c = Tensor::param(2.0);
        assert_eq!((&x * &c).sum().backward()[&c].item(), 7.0);
        assert_eq!(x.square().sum().backward()[&x].to_vec(), [2.0, 4.0, 8.0]);
        let all: Vec<isize> = (0..64).chain([63]).collect();
        refuses(&["sum: axis 63 is named twice"], || x.sum_axis(all.as_slice()));
    }
}

#[test]
fn axes_at_the_extremes() {
    let x = zeros(&[2, 3]);
    for axis in [isize::MIN, isize::MIN + 1, isize::MAX, -3, 2] {
        let said = format!("axis {axis} is out of range for a tensor with 2 axes");
        let said = &[said.as_str()];
        refuses(said, || x.sum_axis(axis));
        refuses(said, || x.sum_axis([0, axis]));
        refuses(said, || x.softmax(axis));
        refuses(said, || x.cumsum(axis));
        refuses(said, || x.cumprod(axis));
        refuses(said, || x.sort(axis, false));
        refuses(said, || x.topk(1, axis, true));
        refuses(said, || x.roll(1, axis));
        refuses(said, || x.movedim(0, axis));
        refuses(said, || x.diagonal(0, axis, 0));
        refuses(said, || x.repeat_interleave(&[2], axis));
        refuses(said, || x.transpose(0, axis));
        refuses(said, || x.permute(&[axis, 0]));
        refuses(said, || x.narrow(axis, 0, 1));
        refuses(said, || x.select(axis, 0));
        refuses(said, || x.argmax(axis));
        refuses(said, || x.flatten(axis, 1));
        refuses(said, || concat(&[&x], axis));
        refuses(said, || x.gather(axis, &array![[0]]));
    }
    for axis in [isize::MIN, isize::MAX, -4, 3] {
        refuses(&[&format!("unsqueeze: axis {axis} is out of range")], || x.unsqueeze(axis));
    }
    // Cast to `isize`, the first of these would be -1, the last axis.
    for axis in [usize::MAX, usize::MAX - 1, 1 << 63, 2] {
        let said = format!("axis {axis} is out of range for a tensor with 2 axes");
        refuses(&["sum", &said], || x.sum_axis(axis));
        refuses(&["max", &said], || x.max_axis(keep(axis)));
    }
    refuses(&["slice of [2, 3]"], || x.slice(s![isize::MIN.., ..]));
    refuses(&["slice of [2, 3]"], || x.slice(s![isize::MAX, ..]));
    assert_eq!(x.slice(s![..;isize::MAX, ..]).shape(), [1, 3]);
    assert_eq!(x.slice(s![..;-isize::MAX, ..]).shape(), [1, 3]);
    assert_eq!(zeros(&[20, 3]).t().slice(s![.., 5..;isize::MAX]).shape(), [3, 1]);
}

/// Shapes that are valid but do not fit in memory: a panic that gives the number of bytes, not an abort.
#[test]
fn no_memory() {
    let said = |operation: &'static str| [operation, "[16777216, 16777216]", "out of memory: cannot allocate"];
    let single = ["1125899906842624 bytes"];
    let square = [LARGE, LARGE];
    refuses(&said("zeros: "), || zeros(&square));
    refuses(&single, || zeros(&square));
    refuses(&["2251799813685248 bytes"], || wide(&square));
    refuses(&said("ones: "), || Tensor::<f32>::ones(&square));
    refuses(&said("full: "), || Tensor::full(&square, 1.0_f32));
    refuses(&said("appended: "), || Tensor::<f32>::appended(&square, |_| ()));
    refuses(&said("broadcast_to: "), || zeros(&[1]).broadcast_to(&square));
    refuses(&single, || zeros(&[1]).broadcast_to(&square));

    let row = zeros(&[1, LARGE]);
    let column = row.t();
    refuses(&said("broadcast_to: "), || row.broadcast_to(&square));
    refuses(&said("broadcast_to: "), || column.broadcast_to(&square));
    refuses(&said("add: "), || &row + &column);
    refuses(&single, || &row + &column);
    refuses(&said("maximum: "), || row.maximum(&column));
    refuses(&["gt: ", "281474976710656 bytes"], || row.gt(&column));
    refuses(&said("where_: "), || where_(&row.gt(0.0), &column, 0.0));
    refuses(&said("matmul: "), || column.matmul(&row));
    refuses(&single, || column.matmul(&row));
    refuses(&said("matmul: "), || zeros(&[LARGE, 0]).matmul(&zeros(&[0, LARGE])));
    refuses(&said("linear: "), || column.linear(&column, Some(&zeros(&[LARGE]))));
    refuses(&["matmul: ", "[16777216, 1, 16777216]"], || zeros(&[LARGE, 1, 1]).matmul(&zeros(&[1, LARGE])));
    refuses(&["index_select: "], || column.broadcast_to(&[LARGE, 1]).index_select(1, &vec![0; LARGE]));
    refuses(&["one_hot: "], || Tensor::<f32>::one_hot(&[0; 64], 1 << 48));
    // An empty input with a large output: the sum of no rows is a row of zeros.
    let nothing = zeros(&[0, 1 << 50]);
    refuses(&["sum: ", "[1125899906842624]", "4503599627370496 bytes"], || nothing.sum_axis(0));
    refuses(&["logsumexp: "], || nothing.logsumexp_axis(0));
    refuses(&["sum: "], || nothing.mean_axis(0));

    let view = ArrayView::from(&[1.0_f32]);
    refuses(&said("Tensor::from: "), || Tensor::from(view.broadcast(square).unwrap()));
    let mask = array![true];
    refuses(&["where_: ", "bytes"], || where_(&mask.broadcast([1 << 48]).unwrap(), 1.0, 0.0));
    let index = array![0_usize];
    refuses(&["gather: ", "bytes"], || zeros(&[1]).gather(0, &index.broadcast([1 << 46]).unwrap()));

    let mut rng = ChaCha8Rng::seed_from_u64(0);
    refuses(&["[16777216, 16777216]", "bytes"], || init::normal::<f32>(&square, 0.0, 1.0, &mut rng));
    refuses(&["orthogonal", "bytes"], || init::orthogonal::<f32>(&square, 1.0, &mut rng));
    refuses(&["Moons", "cannot allocate memory"], || {
        toy::Moons { samples: 1 << 45, ..toy::Moons::default() }.generate::<f32>(&mut rng)
    });
}

/// Without elements there is no work to do, however large the axes.
#[test]
fn nothing_takes_no_time() {
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        nothing_to_do();
        done.send(())
    });
    finished.recv_timeout(Duration::from_secs(60)).expect("done within a minute, and without a panic");
}

fn nothing_to_do() {
    let n = 1 << 58;
    for shape in [[n, 0], [0, n]] {
        let x = Tensor::param(zeros(&shape));
        let y = (&x * 2.0 + &x.t().exp().t()).relu().maximum(&x).square();
        assert_eq!((y.shape(), y.to_vec().len()), (&shape[..], 0));
        assert_eq!((y.sum().item(), y.prod().item()), (0.0, 1.0));
        assert_eq!(y.sum().backward()[&x], x);
        for axis in [0, 1] {
            assert_eq!(y.cumsum(axis).softmax(axis).flip(axis).log_softmax(axis), y);
            assert_eq!(y.narrow(axis, 0, 0).len(), 0);
            if shape[axis as usize] > 0 {
                assert_eq!(y.max_axis(axis).len() + y.sum_axis(axis).len() + y.argmax(axis).len(), 0);
                assert_eq!(y.index_select(axis, &[1, 0, 1]).len() + y.select(axis, 5).len(), 0);
            }
        }
        assert_eq!(concat(&[&y, &y], 0).len() + stack(&[&y, &y], -1).len(), 0);
        assert_eq!(y.slice(s![..;-1, ..;3]).len() + y.flatten(0, -1).len(), 0);
        assert!(y.all_finite() && y.all_close(&x, 0.0, 0.0) && y.gt(0.0).is_empty());
        assert!(format!("{y} {y:?}").len() < 1000);
        assert!(jacobian(&x.sum(), &x) == x && x.detach().norm(2.0).item() == 0.0);
    }
    assert_eq!(zeros(&[n, 0]).matmul(&zeros(&[0, 0])).shape(), [n, 0]);
    assert_eq!(zeros(&[0, 0]).matmul(&zeros(&[0, n])).shape(), [0, n]);
    assert_eq!(zeros(&[0, n]).matmul(&zeros(&[n, 0])).shape(), [0, 0]);
    assert_eq!(zeros(&[2, n, 0]).matmul(&zeros(&[0, 0])).shape(), [2, n, 0]);
    assert_eq!(zeros(&[n, 0, 2]).matmul(&zeros(&[2, 2])).shape(), [n, 0, 2]);
    assert_eq!(zeros(&[n, 0]).linear(&zeros(&[0, 0]), Some(&zeros(&[0]))).shape(), [n, 0]);
    let (many, none) = (Tensor::param(zeros(&[n, 0, 1, 1])), Tensor::param(zeros(&[0, 0, 1, 1])));
    assert_eq!(many.conv2d(&none, None, Conv::default()).sum().backward()[&many], many);
    assert_eq!(many.conv_transpose2d(&none, None, ConvTranspose::default()).shape(), [n, 0, 1, 1]);
    assert_eq!(many.unfold([1, 1], Unfold::default()).shape(), [n, 0, 1]);
    assert_eq!(zeros(&[n, 0, 1]).fold([1, 1], [1, 1], Unfold::default()).shape(), [n, 0, 1, 1]);
}

#[test]
fn images() {
    for size in [(3, THIRD + 1), (ROOT, ROOT), (usize::MAX, usize::MAX), (0, 5), (1 << 63, 1)] {
        refuses(&["ImageSet::new: 0 labels"], || ImageSet::new(Vec::new(), size, Vec::new()));
        refuses(&["ImageSet::new: 2 labels"], || ImageSet::new(vec![0; 2], size, vec![0; 2]));
    }
    assert!(catch_unwind(|| ImageSet::new(vec![0; 4], (1, 2), vec![0; 2])).is_ok());
}

/// Vectors without elements can be of any number; their losses cannot.
#[test]
fn losses() {
    use downhill::nn::{MultiLabelSoftMargin, Reduction, TripletMargin, multi_label_margin, summary};
    let many = zeros(&[1 << 50, 0]);
    let soft = MultiLabelSoftMargin { reduction: Reduction::None, ..MultiLabelSoftMargin::default() };
    refuses(&["sum", "[1125899906842624]"], || soft.loss(&many, &many));
    refuses(&["sum", "[1125899906842624]"], || TripletMargin::default().loss(&many, &many, &many));
    refuses(&["multi_label_margin of [1125899906842624, 0]: 0 lists"], || multi_label_margin(&many, &[[0]; 0]));
    for shape in hostile() {
        refuses(&["zeros: the shape", &format!("{shape:?} is too large")], || summary::<f32, _>(&Relu, &shape));
    }
}

#[test]
fn scalers() {
    use downhill::data::{MinMaxScaler, StandardScaler};
    refuses(&["zeros: the shape [18446744073709551615] is too large"], || StandardScaler::<f32>::new(usize::MAX));
    refuses(&["zeros: the shape [18446744073709551615] is too large"], || MinMaxScaler::<f64>::new(usize::MAX));
    // Without features there is nothing to learn, of however many samples.
    let none = zeros(&[1 << 40, 0]);
    assert_eq!(StandardScaler::fit(&none).transform(&none).shape(), none.shape());
    assert_eq!(MinMaxScaler::fit(&none).inverse(&none).shape(), none.shape());
    let wide = zeros(&[1, 0, 1 << 40]);
    assert_eq!(StandardScaler::fit(&wide).transform(&wide).shape(), wide.shape());
}
