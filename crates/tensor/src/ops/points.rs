//! Test helpers for this folder: compare `[f(x), f'(x), f''(x)]` at single points with expected values.

use crate::{Float, Tensor, grad};

/// A row of a table of values: `x` and `[f(x), f'(x), f''(x)]`.
pub(super) type Row = (f64, [f64; 3]);

fn derivatives<F: Float>(f: impl Fn(&Tensor<F>) -> Tensor<F>, x: f64) -> [f64; 3] {
    let x = Tensor::param(F::from_f64(x));
    let value = f(&x);
    let [slope] = grad(&value, [&x]);
    let [curvature] = grad(&slope, [&x]);
    [value, slope, curvature].map(|y| y.item().as_f64())
}

/// Asserts in `f32` and `f64` that values and derivatives equal the table, rounded to the type; NaN equals NaN.
#[track_caller]
pub(super) fn exact(
    single: impl Fn(&Tensor<f32>) -> Tensor<f32>,
    double: impl Fn(&Tensor<f64>) -> Tensor<f64>,
    table: &[Row],
) {
    let same = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(&a, b)| a == b || a.is_nan() && b.is_nan());
    for &(x, expected) in table {
        let got = derivatives(&double, x);
        assert!(same(got, expected), "at {x} in f64: got {got:?}, expected {expected:?}");
        let (got, expected) = (derivatives(&single, x), expected.map(|y| f64::from(y as f32)));
        assert!(same(got, expected), "at {x} in f32: got {got:?}, expected {expected:?}");
    }
}

/// Asserts in `f64` that values and derivatives match the table within a tolerance relative to each entry.
#[track_caller]
pub(super) fn close(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, tolerance: f64, table: &[Row]) {
    for &(x, expected) in table {
        let got = derivatives(&f, x);
        let close = |(got, expected): (f64, f64)| (got - expected).abs() <= tolerance * expected.abs();
        assert!(got.into_iter().zip(expected).all(close), "at {x}: got {got:?}, expected {expected:?}");
    }
}

/// Asserts that NaN stays NaN in both element types: a diverged network must not look healthy.
#[track_caller]
pub(super) fn keeps_nan(single: impl Fn(&Tensor<f32>) -> Tensor<f32>, double: impl Fn(&Tensor<f64>) -> Tensor<f64>) {
    assert!(single(&Tensor::from(f32::NAN)).item().is_nan(), "NaN is lost in f32");
    assert!(double(&Tensor::from(f64::NAN)).item().is_nan(), "NaN is lost in f64");
}
