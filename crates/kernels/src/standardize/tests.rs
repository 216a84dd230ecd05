use ndarray::{ArrayD, Axis, Dimension, IxDyn};

use super::*;
use crate::simd::{Level, tested_at};

fn set(axes: &[usize]) -> AxisSet {
    AxisSet { bits: axes.iter().map(|axis| 1 << axis).sum(), keep: true }
}

/// The definition, in `f64`: the result, the mean and the variance.
fn by_definition(x: &ArrayD<f64>, axes: &[usize], eps: f64, centered: bool) -> [ArrayD<f64>; 3] {
    let mean_of = |x: &ArrayD<f64>| {
        let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
        let sum = |x: ArrayD<f64>, &axis: &usize| x.sum_axis(Axis(axis)).insert_axis(Axis(axis));
        axes.iter().fold(x.clone(), sum) / count as f64
    };
    let mean = mean_of(x) * f64::from(u8::from(centered));
    let deviation = x - &mean;
    let var = mean_of(&deviation.mapv(|x| x * x));
    [&deviation / &var.mapv(|var| (var + eps).sqrt()), mean, var]
}

fn assert_close(ours: &Elements<f32>, theirs: &ArrayD<f64>, case: &str) {
    assert_eq!(ours.shape(), theirs.shape(), "{case}");
    for (&a, &b) in ours.view().iter().zip(theirs) {
        assert!((f64::from(a) - b).abs() <= 4e-6 * b.abs().max(1.0), "{case}: {a}, not {b}");
    }
}

#[test]
fn every_set_of_axes_and_level() {
    let shapes: [&[usize]; 8] = [&[1], &[97], &[3, 1100], &[300, 5], &[5, 1, 33], &[2, 3, 4, 5], &[7, 40, 2], &[]];
    for shape in shapes {
        let count = shape.iter().product::<usize>();
        let x: Vec<f32> = (0..count).map(|i| (i as f32 * 0.37).sin() * 9.0 + 2.0).collect();
        let g: Vec<f32> = (0..count).map(|i| (i as f32 * 0.71).cos()).collect();
        let (x, g) = (Elements::new(IxDyn(shape), x), Elements::new(IxDyn(shape), g));
        let (wide, wide_g) = (x.view().mapv(f64::from), g.view().mapv(f64::from));
        for subset in 0..1 << shape.len() {
            let list: Vec<usize> = (0..shape.len()).filter(|i| subset >> i & 1 == 1).collect();
            for (centered, level) in [true, false].into_iter().flat_map(|c| LEVELS.map(|level| (c, level))) {
                let case = format!("{shape:?} {list:?} {level:?} {centered}");
                let [y, mean, var] = by_definition(&wide, &list, 0.5, centered);
                let scale = var.mapv(|var| 1.0 / (var + 0.5).sqrt());
                let [_, mean_g, _] = by_definition(&wide_g, &list, 0.0, centered);
                let [_, mean_gy, _] = by_definition(&(&wide_g * &y), &list, 0.0, true);
                let slope = &scale * &(&wide_g - &mean_g - &y * &mean_gy);
                tested_at(level, || {
                    let (ours, moments) = standardized(&x, set(&list), 0.5, centered);
                    assert_close(&ours, &y, &case);
                    assert_close(&moments.mean, &mean, &case);
                    assert!(moments.var.shape() == var.shape());
                    let scale = Elements::from(scale.mapv(|x| x as f32));
                    assert_close(&standardized_slope(&ours, &scale, &g, set(&list), centered), &slope, &case);
                });
            }
        }
    }
}

const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

#[test]
fn bits_depend_neither_on_the_layout_nor_on_the_machine() {
    let rough = (0..12 * 70 * 31).map(|i| (i as f32 * 0.37).sin()).collect();
    let x = Elements::new(IxDyn(&[12, 70, 31]), rough);
    let reversed = x.permuted(&[2, 1, 0]).row_major().permuted(&[2, 1, 0]);
    for list in [&[0][..], &[2], &[0, 2], &[1]] {
        let (expected, _) = standardized(&x, set(list), 1e-5, true);
        for (x, level) in [&x, &reversed].into_iter().flat_map(|x| LEVELS.map(|level| (x, level))) {
            let (y, _) = tested_at(level, || standardized(x, set(list), 1e-5, true));
            assert!(y == expected, "{list:?} {level:?}");
        }
    }
}

/// The mean of these is not an `f32`; without the correction, the results would be off by a tenth.
#[test]
fn a_mean_that_is_rounded_costs_no_digits() {
    for (shape, axis) in [([1, 4], 1), ([4, 1], 0)] {
        let x = [16_777_215.0, 16_777_216.0, 16_777_216.0, 16_777_216.0_f32].to_vec();
        let (y, moments) = standardized(&Elements::new(IxDyn(&shape), x), set(&[axis]), 0.0, true);
        let root = 3.0_f32.sqrt();
        for (y, expected) in y.as_slice().unwrap().iter().zip([-root, 1.0 / root, 1.0 / root, 1.0 / root]) {
            assert!((y - expected).abs() < 1e-6, "{y}, not {expected}");
        }
        assert_eq!(moments.var.as_slice().unwrap(), [0.1875]);
    }
}

/// Ten million alternating values: the sums stay accurate.
#[test]
fn long_groups() {
    for (shape, axis) in [([1, 10_000_000], 1), ([10_000_000, 1], 0)] {
        let x = (0..10_000_000).map(|i| if i % 2 == 0 { 0.1 } else { 0.3 }).collect();
        let (_, moments) = standardized(&Elements::<f32>::new(IxDyn(&shape), x), set(&[axis]), 0.0, true);
        let [mean, var] = [moments.mean, moments.var].map(|moment| moment.as_slice().unwrap()[0]);
        assert!((mean - 0.2).abs() < 1e-7 && (var - 0.01).abs() < 1e-8, "{mean} {var}");
    }
}

#[test]
fn groups_without_elements() {
    let (y, moments) = standardized(&Elements::<f32>::full(IxDyn(&[0, 3]), 0.0), set(&[0]), 0.0, true);
    assert_eq!((y.shape(), moments.mean.shape()), (&[0, 3][..], &[1, 3][..]));
    assert!(moments.var.view().iter().all(|x| x.is_nan()));
    assert_eq!(y.dim().ndim(), 2);
}
