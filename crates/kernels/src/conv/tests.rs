//! All three kernels against the definition, at every instruction set.

use ndarray::{ArrayD, IxDyn};

use super::{Axis, Conv, fold, unfold};
use crate::simd::{Level, tested_at};
use crate::{Elements, Float};

const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

/// Small integers, so that any order of summation is exact.
fn sample<F: Float>(shape: &[usize], seed: usize) -> Elements<F> {
    let len: usize = shape.iter().product();
    Elements::new(IxDyn(shape), (0..len).map(|i| F::from_f64(((i * 7 + i / 3 + seed) % 11) as f64 - 5.0)).collect())
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
    let [x, w, y] = [0, 1, 2].map(|i| sample::<F>(&shapes[i], i));
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

/// Unfolded patches are what a kernel with a single 1 sees, and folding is the transpose.
#[test]
fn patches() {
    for (stride, dilation, padding) in [(1, 1, [0, 0]), (2, 1, [1, 1]), (1, 2, [2, 0]), (3, 2, [4, 4]), (9, 1, [1, 2])]
    {
        let axes = [5, 7].map(|size| Axis::sliding(size, 3, stride, dilation, padding).unwrap());
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
