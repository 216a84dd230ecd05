use downhill_tensor::{Check, gradcheck, training};
use ndarray::array;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::init::testing::assert_moments;

type Heads = MultiheadAttention<f64>;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

#[test]
fn names_shapes_and_start_are_pytorchs() {
    let layer = Heads::new(96, 4, &mut rng());
    let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
    let expected = [
        ("in_proj_weight", vec![288, 96]),
        ("in_proj_bias", vec![288]),
        ("out_proj.weight", vec![96, 96]),
        ("out_proj.bias", vec![96]),
    ];
    assert_eq!(tree, expected.map(|(path, shape)| (path.to_owned(), shape)));
    // Xavier: 6/(fan_in + fan_out) = 6/(4·96) under the root; the output is a linear layer with k = 1/√96.
    let (xavier, linear) = ((6.0 / 384.0_f64).sqrt(), (1.0 / 96.0_f64).sqrt());
    for (weight, bound) in [(&layer.in_proj_weight, xavier), (&layer.out_proj.weight, linear)] {
        assert_moments(weight, 0.0, bound / 3.0_f64.sqrt(), 1.8);
        assert!(weight.abs().max().item() <= bound);
    }
    assert_eq!(layer.in_proj_bias, Some(Tensor::zeros(&[288])));
    assert_eq!(layer.out_proj.bias, Some(Tensor::zeros(&[96])));
    assert_eq!((layer.dropout, layer.batch_first), (0.0, false));
    assert_eq!(Heads::without_bias(6, 3, &mut rng()).num_params(), 4 * 36);
}

fn options(masked: bool) -> MultiheadOptions<f64> {
    MultiheadOptions {
        key_padding_mask: masked
            .then(|| AttentionMask::Ignore(array![[false, false, true], [true, false, false]].into_dyn())),
        is_causal: masked,
        need_weights: true,
        ..MultiheadOptions::default()
    }
}

#[test]
fn derivatives() {
    let layer = Heads { batch_first: true, ..Heads::new(4, 2, &mut rng()) };
    let x = Tensor::randn(&[2, 3, 4], &mut rng());
    let bias = init::uniform(&[12], -0.5..=0.5, &mut rng());
    let with = |w: &Tensor<f64>, b: &Tensor<f64>| Heads {
        in_proj_weight: w.clone(),
        in_proj_bias: Some(b.clone()),
        ..layer.clone()
    };
    for masked in [false, true] {
        let both =
            |(y, weights): (Tensor<f64>, Option<Tensor<f64>>)| y.sum_axis(-1) + weights.unwrap().square().sum_axis(-1);
        let itself = |[x, w, b]: [&Tensor<f64>; 3]| both(with(w, b).self_attend(x, &options(masked)));
        gradcheck(itself, [&x, &layer.in_proj_weight, &bias], Check::order(2)).unwrap();
        let other = |[q, k, v]: [&Tensor<f64>; 3]| both(layer.attend(q, k, v, &options(masked)));
        let (k, v) = (Tensor::randn(&[2, 3, 4], &mut rng()), &x * 0.5);
        gradcheck(other, [&x, &k, &v], Check::order(2)).unwrap();
    }
}

/// Every way to compute it: packed or not, either axis first, a sample alone.
#[test]
fn the_same_in_every_layout() {
    let layer = Heads { batch_first: true, ..Heads::new(8, 2, &mut rng()) };
    let x = Tensor::<f64>::randn(&[2, 3, 8], &mut rng());
    let close = |a: &Tensor<f64>, b: &Tensor<f64>| assert!(a.all_close(b, 0.0, 1e-14), "{a} {b}");
    for masked in [false, true] {
        let (y, weights) = layer.self_attend(&x, &options(masked));
        let weights = weights.unwrap();
        let (other, other_weights) = layer.attend(&x, &x, &x, &options(masked));
        close(&y, &other);
        close(&weights, &other_weights.unwrap());
        let sequence_first = Heads { batch_first: false, ..layer.clone() };
        let (other, other_weights) = sequence_first.self_attend(&x.transpose(0, 1), &options(masked));
        close(&y, &other.transpose(0, 1));
        close(&weights, &other_weights.unwrap());
        let heads = MultiheadOptions { average_attn_weights: false, ..options(masked) };
        let of_heads = layer.self_attend(&x, &heads).1.unwrap();
        assert_eq!(of_heads.shape(), [2, 2, 3, 3]);
        close(&weights, &of_heads.mean_axis(1));
    }
    close(&layer.forward(&x).select(0, 1), &layer.forward(&x.select(0, 1)));
    let alone = MultiheadOptions { need_weights: true, ..MultiheadOptions::default() };
    assert_eq!(layer.self_attend(&x.select(0, 1), &alone).1.unwrap().shape(), [3, 3]);
}

/// The masks of two heads of one sample: without keys, only the bias of the output is left.
#[test]
fn masks_by_hand() {
    let mut layer = Heads { batch_first: true, ..Heads::new(2, 2, &mut rng()) };
    // Queries and keys are 0, values and results are copied.
    layer.in_proj_weight = downhill_tensor::concat(&[&Tensor::zeros(&[4, 2]), &Tensor::eye(2)], 0);
    layer.out_proj = Linear { weight: Tensor::eye(2), bias: Some(Tensor::from([0.0, 100.0])) };
    let x = Tensor::from([[[1.0, 10.0], [3.0, 30.0]]]);
    let keep = array![[[true, true], [false, true]], [[true, false], [false, false]]].into_dyn();
    let options = MultiheadOptions {
        attn_mask: Some(AttentionMask::Keep(keep)),
        need_weights: true,
        average_attn_weights: false,
        ..MultiheadOptions::default()
    };
    let (y, weights) = layer.self_attend(&x, &options);
    assert_eq!(y, Tensor::from([[[2.0, 110.0], [3.0, 100.0]]]));
    assert_eq!(weights.unwrap().to_vec(), [0.5, 0.5, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    let padding = array![[false, true]].into_dyn();
    let options = MultiheadOptions { key_padding_mask: Some(AttentionMask::Ignore(padding)), ..options };
    assert_eq!(layer.self_attend(&x, &options).0, Tensor::from([[[1.0, 110.0], [0.0, 100.0]]]));
}

/// The weights that are returned are those that were used: dropped ones are 0, others doubled.
#[test]
fn dropout_in_training_only() {
    let mut layer = Heads { batch_first: true, dropout: 0.5, ..Heads::new(4, 2, &mut rng()) };
    let x = Tensor::randn(&[2, 9, 4], &mut rng());
    let options = MultiheadOptions { need_weights: true, average_attn_weights: false, ..MultiheadOptions::default() };
    let evaluated = layer.self_attend(&x, &options).1.unwrap();
    let weights = training(&mut layer, &mut rng(), |layer| layer.self_attend(&x, &options).1.unwrap());
    let dropped = weights.to_vec().iter().filter(|w| **w == 0.0).count();
    assert!((100..224).contains(&dropped), "{dropped} of 324");
    assert!(weights.to_vec().iter().zip(evaluated.to_vec()).all(|(w, e)| *w == 0.0 || (w - 2.0 * e).abs() < 1e-15));
}

#[test]
fn empty_axes() {
    let layer = Heads { batch_first: true, ..Heads::new(4, 2, &mut rng()) };
    for shape in [[0, 3, 4], [2, 0, 4]] {
        assert_eq!(layer.forward(&Tensor::zeros(&shape)).shape(), shape);
    }
    let nothing = Tensor::zeros(&[2, 0, 4]);
    let (y, _) = layer.attend(&Tensor::zeros(&[2, 3, 4]), &nothing, &nothing, &MultiheadOptions::default());
    assert_eq!(y, Tensor::zeros(&[2, 3, 4]));
}

#[test]
#[should_panic(expected = "MultiheadAttention: 10 features cannot be divided among 4 heads")]
fn uneven_heads() {
    Heads::new(10, 4, &mut rng());
}

#[test]
#[should_panic(expected = "the inputs must be [L, N, 4] or [L, 4], all with the same number of axes")]
fn other_features() {
    Heads::new(4, 2, &mut rng()).forward(&Tensor::zeros(&[3, 2, 5]));
}

#[test]
#[should_panic(expected = "attn_mask has shape [2, 3], but must be [L, S] = [3, 3] or [N·heads, L, S] = [4, 3, 3]")]
fn another_mask() {
    let layer = Heads::new(4, 2, &mut rng());
    let attn_mask = Some(AttentionMask::Add(Tensor::zeros(&[2, 3])));
    layer.self_attend(&Tensor::zeros(&[3, 2, 4]), &MultiheadOptions { attn_mask, ..MultiheadOptions::default() });
}

#[test]
#[should_panic(expected = "key_padding_mask has shape [3, 2], but must be [N, S] = [2, 3]")]
fn the_padding_transposed() {
    let layer = Heads::new(4, 2, &mut rng());
    let key_padding_mask = Some(AttentionMask::Add(Tensor::zeros(&[3, 2])));
    layer
        .self_attend(&Tensor::zeros(&[3, 2, 4]), &MultiheadOptions { key_padding_mask, ..MultiheadOptions::default() });
}

#[test]
#[should_panic(expected = "MultiheadAttention: 2 samples of queries, 1 of 3 keys and 1 of 3 values do not fit")]
fn other_samples() {
    let memory = Tensor::zeros(&[3, 1, 4]);
    Heads::new(4, 2, &mut rng()).attend(&Tensor::zeros(&[3, 2, 4]), &memory, &memory, &MultiheadOptions::default());
}
