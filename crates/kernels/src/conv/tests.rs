//! All three kernels against the definition, at every instruction set.

use ndarray::{ArrayD, IxDyn};

use super::{Axis, Conv, fold, unfold};
use crate::simd::{Level, tested_at};
use crate::{Elements, Float};

const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

/// Small integers, so that any order of summation is exact. They are scattered: with a period, what is read from the wrong
/// image or channel might be the same.
fn sample<F: Float>(shape: &[usize], seed: u32) -> Elements<F> {
    let number = |i: u32| (seed * 1000 + i).wrapping_mul(0x9E37_79B1) >> 16;
    let len = shape.iter().product::<usize>() as u32;
    Elements::new(IxDyn(shape), (0..len).map(|i| F::from_f64(f64::from(number(i) % 11) - 5.0)).collect())
}

impl Conv {
    /// The shapes of images, weights and outputs.
    fn shapes(&self) -> [[usize; 4]; 3] {
        let Conv { images, groups, inputs, outputs, axes: [rows, columns] } = *self;
        [
            [images, groups * inputs, rows.image, columns.image],
            [groups * outputs, inputs, rows.kernel, columns.kernel],
            [images, groups * outputs, rows.output, columns.output],
        ]
    }

    /// Calls `f` with the indices, in images, weights and outputs, of everything that meets.
    fn meet(&self, mut f: impl FnMut([[usize; 4]; 3])) {
        let [_, [channels, inputs, kh, kw], [images, _, down, across]] = self.shapes();
        let at = |axis: &Axis, o: usize, k: usize| {
            (o * axis.stride + k * axis.dilation).checked_sub(axis.padding).filter(|&at| at < axis.image)
        };
        for index in ndarray::indices(vec![images, channels, inputs, kh, kw, down, across]) {
            let [n, j, i, k, l, o, p] = [0, 1, 2, 3, 4, 5, 6].map(|axis| index[axis]);
            if let (Some(row), Some(column)) = (at(&self.axes[0], o, k), at(&self.axes[1], p, l)) {
                f([[n, j / self.outputs * inputs + i, row, column], [j, i, k, l], [n, j, o, p]]);
            }
        }
    }
}

fn check<F: Float>(conv: &Conv) {
    let shapes = conv.shapes();
    let [x, w, y] = [0, 1, 2].map(|i| sample::<F>(&shapes[i], i as u32));
    let [bias, back] = [shapes[2][1], shapes[0][1]].map(|channels| sample::<F>(&[channels], 3));
    let mut expected = shapes.map(|shape| ArrayD::<F>::zeros(&shape[..]));
    conv.meet(|[a, b, c]| {
        expected[0][&a[..]] += w.view()[&b[..]] * y.view()[&c[..]];
        expected[1][&b[..]] += x.view()[&a[..]] * y.view()[&c[..]];
        expected[2][&c[..]] += x.view()[&a[..]] * w.view()[&b[..]];
    });
    for level in LEVELS {
        tested_at(level, || {
            let what = format!("{conv:?} {level:?} {}", F::NAME);
            assert_eq!(conv.image(&y, &w, None, &shapes[0]).view(), expected[0], "image of {what}");
            assert_eq!(conv.weight(&x, &y, &shapes[1]).view(), expected[1], "weight of {what}");
            if !x.is_empty() && !w.is_empty() && !y.is_empty() {
                let [weight, bias] = conv.weight_and_bias(&x, &y, &shapes[1]);
                assert_eq!(weight.view(), expected[1], "weight of {what}");
                let sums = y.view().sum_axis(ndarray::Axis(3)).sum_axis(ndarray::Axis(2)).sum_axis(ndarray::Axis(0));
                assert_eq!(bias.view(), sums, "bias of {what}");
            }
            assert_eq!(conv.output(&x, &w, None, &shapes[2]).view(), expected[2], "output of {what}");
            let add = |to: &ArrayD<F>, bias: &Elements<F>| {
                let bias = bias.view().to_owned().into_shape_with_order(vec![bias.len(), 1, 1]).unwrap();
                to + &bias
            };
            assert_eq!(conv.output(&x, &w, Some(&bias), &shapes[2]).view(), add(&expected[2], &bias), "{what}");
            assert_eq!(conv.image(&y, &w, Some(&back), &shapes[0]).view(), add(&expected[0], &back), "{what}");
        });
    }
}

fn both(conv: &Conv) {
    check::<f32>(conv);
    check::<f64>(conv);
}

/// Every combination of small options.
#[test]
fn small_shapes() {
    let mut count = 0;
    for (stride, dilation, [before, after]) in
        (1..4).flat_map(|s| (1..4).flat_map(move |d| [[0, 0], [1, 1], [3, 2]].map(|p| (s, d, p))))
    {
        for (height, width, kh, kw) in [(5, 7, 2, 3), (1, 4, 1, 2), (3, 3, 3, 1)] {
            let rows = Axis::sliding(height, kh, stride, dilation, [before, after]);
            let columns = Axis::sliding(width, kw, dilation, stride, [after, before]);
            let (Ok(rows), Ok(columns)) = (rows, columns) else { continue };
            count += 1;
            let [groups, inputs, outputs] = [[1, 2, 3], [2, 1, 2], [3, 2, 1], [1, 1, 1]][count % 4];
            both(&Conv { images: 1 + count % 3, groups, inputs, outputs, axes: [rows, columns] });
        }
    }
    assert!(count > 50, "{count}");
}

/// Every height of a tile, every number of kernel positions in a tile, images that are processed together or not.
#[test]
fn every_way_through_the_tiles() {
    let axis = |image, kernel| Axis::sliding(image, kernel, 1, 1, [kernel / 2; 2]).unwrap();
    for channels in 1..=21 {
        let axes = [Axis::SINGLE, axis(35, 1 + channels % 7)];
        both(&Conv { images: 2, groups: 1, inputs: 1 + channels % 2, outputs: channels, axes });
    }
    for (images, size) in [(1, 16), (20, 4), (70, 2), (9, 13), (3, 28)] {
        both(&Conv { images, groups: 1, inputs: 2, outputs: 3, axes: [axis(size, 3), axis(size, 3)] });
    }
}

/// More channels than a tile has rows, in groups, with strides that do not divide the image and are different along the axes,
/// and dilated kernels that reach into the padding.
#[test]
fn many_channels_with_every_option() {
    let axis = |image, kernel, stride, dilation, padding| {
        Axis::sliding(image, kernel, stride, dilation, padding).expect("a kernel that fits")
    };
    for axes in [
        [axis(9, 3, 2, 2, [2, 1]), axis(8, 2, 3, 1, [0, 1])],
        [axis(7, 2, 1, 3, [1, 3]), axis(11, 3, 2, 2, [3, 2])],
        [axis(5, 1, 3, 1, [1, 0]), axis(6, 3, 1, 2, [2, 2])],
    ] {
        for (images, groups, inputs, outputs) in [(3, 2, 5, 11), (2, 3, 4, 7), (2, 1, 13, 4)] {
            both(&Conv { images, groups, inputs, outputs, axes });
        }
    }
}

/// What is infinite is multiplied with what it meets, and not with the zeros of the layout: a gradient is NaN only where the
/// definition says so.
#[test]
fn infinity_meets_no_zeros_of_the_layout() {
    let rows = Axis::sliding(5, 3, 2, 1, [1, 1]).expect("a kernel that fits");
    let columns = Axis::sliding(7, 2, 1, 2, [2, 0]).expect("a kernel that fits");
    let conv = Conv { images: 3, groups: 2, inputs: 2, outputs: 3, axes: [rows, columns] };
    let [image, weight, output] = conv.shapes();
    // Without zeros.
    let [x, y] = [(image, 1), (output, 2)].map(|(shape, seed)| sample::<f64>(&shape, seed).map(|x| x + 0.5));
    for (at_x, at_y) in [([0, 0, 0, 0], [2, 5, 2, 6]), ([1, 3, 4, 6], [0, 0, 0, 0]), ([2, 1, 1, 3], [1, 2, 1, 1])] {
        let (mut x, mut y) = (x.clone(), y.clone());
        x.view_mut()[&at_x[..]] = f64::INFINITY;
        y.view_mut()[&at_y[..]] = f64::NEG_INFINITY;
        let mut expected = ArrayD::<f64>::zeros(&weight[..]);
        conv.meet(|[a, b, c]| expected[&b[..]] += x.view()[&a[..]] * y.view()[&c[..]]);
        let finite = expected.iter().filter(|sum| sum.is_finite()).count();
        assert!(finite > 0 && finite < expected.len(), "{finite} of {}", expected.len());
        for level in LEVELS {
            let found = tested_at(level, || conv.weight(&x, &y, &weight));
            for (found, expected) in found.view().iter().zip(&expected) {
                assert!(found == expected || found.is_nan() && expected.is_nan(), "{found}, not {expected}, {level:?}");
            }
        }
    }
}

/// A kernel that is wide, spread far apart or almost as large as the image; padding and steps far larger than it.
#[test]
fn far_apart() {
    let far = 1_000_000_000;
    let alone = Axis::sliding(3, 2, 1, 1, [0, 0]).unwrap();
    for axis in [
        Axis::sliding(5, 3, 1, far, [far; 2]),
        Axis::sliding(4, 2, far, 1, [far, far]),
        Axis::sliding(40, 3, 1, 18, [0, 0]),
        Axis::sliding(30, 28, 1, 1, [0, 0]),
        Axis::sliding(9, 2, 7, 1, [0, 0]),
        Axis::sliding(2, 1, 1, 1, [3, 4]),
        Axis::sliding(20, 2, 15, 1, [1, 0]),
    ] {
        let axis = axis.unwrap();
        for axes in [[alone, axis], [axis, alone]] {
            both(&Conv { images: 2, groups: 1, inputs: 2, outputs: 2, axes });
        }
    }
}

/// More products than are added one after the other.
#[test]
fn long_sums() {
    let axes = [Axis::SINGLE, Axis::sliding(4, 3, 1, 1, [1, 1]).unwrap()];
    both(&Conv { images: 1, groups: 1, inputs: 3001, outputs: 2, axes });
    let axes = [Axis::SINGLE, Axis::sliding(9001, 2, 1, 1, [0, 0]).unwrap()];
    both(&Conv { images: 1, groups: 1, inputs: 1, outputs: 2, axes });
    // Added one by one, these would be off by 1e-4 of their sum.
    let conv = Conv { images: 1, groups: 1, inputs: 100_000, outputs: 1, axes: [Axis::SINGLE; 2] };
    let [x, w] = [0.1_f32, 1.0].map(|value| Elements::full(IxDyn(&[1, 100_000, 1, 1]), value));
    let sum = conv.output(&x, &w, None, &[1, 1, 1, 1]).view()[[0, 0, 0, 0]];
    assert!((f64::from(sum) / (1e5 * f64::from(0.1_f32)) - 1.0).abs() < 1e-5, "{sum}");
}

/// Without channels to sum over, the bias is all there is; without images or results, there is nothing.
#[test]
fn nothing_but_the_bias() {
    let axis = |image, kernel| Axis::sliding(image, kernel, 1, 1, [0, 0]).expect("a kernel that fits");
    both(&Conv { images: 2, groups: 2, inputs: 0, outputs: 3, axes: [axis(4, 2), axis(3, 1)] });
    both(&Conv { images: 2, groups: 3, inputs: 2, outputs: 0, axes: [axis(4, 2), axis(3, 1)] });
    both(&Conv { images: 0, groups: 1, inputs: 2, outputs: 2, axes: [axis(4, 2), axis(3, 1)] });
}

/// Unfolded patches are what a kernel with a single 1 sees, and folding is the transpose.
#[test]
fn patches() {
    for (stride, dilation, padding) in [(1, 1, [0, 0]), (2, 1, [1, 1]), (1, 2, [2, 0]), (3, 2, [4, 4]), (9, 1, [1, 2])]
    {
        let axes = [(5, stride), (7, usize::div_ceil(stride, 2))];
        let axes = axes.map(|(size, stride)| Axis::sliding(size, 3, stride, dilation, padding).unwrap());
        let conv = Conv { images: 2, groups: 3, inputs: 1, outputs: 9, axes };
        let [image, _, output] = conv.shapes();
        let mut ones = vec![0.0_f64; 27 * 9];
        (0..27).for_each(|row| ones[row * 9 + row % 9] = 1.0);
        let ones = Elements::new(IxDyn(&[27, 1, 3, 3]), ones);
        let (x, y) = (sample::<f64>(&image, 1), sample::<f64>(&output, 2));
        assert_eq!(unfold(&x, axes, &output).view(), conv.output(&x, &ones, None, &output).view());
        assert_eq!(fold(&y, axes, &image).view(), conv.image(&y, &ones, None, &image).view());
    }
}
