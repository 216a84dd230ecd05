//! For the tests of this folder: errors in units in the last place, and bitwise identical results with every
//! instruction set.

use ndarray::IxDyn;

use super::exact::Exact;
use crate::map;
use crate::simd::{Level, tested_at};
use crate::{Elements, Float};

/// The unit in the last place of `exact`, in a type with `bits` bits after the binary point and this least exponent.
fn unit(exact: f64, bits: i32, least_exponent: i32) -> f64 {
    let exponent = ((exact.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(least_exponent)) / 2.0_f64.powi(bits)
}

/// The distance from `got` to `exact`, in units in the last place of an `f32`.
fn ulps(got: f32, exact: f64) -> f64 {
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() { 0.0 } else { f64::INFINITY };
    }
    // An infinity may be the correctly rounded value; nothing else is close to it.
    if got.is_infinite() || exact.is_infinite() {
        return if got == exact as f32 { 0.0 } else { f64::INFINITY };
    }
    (f64::from(got) - exact).abs() / unit(exact, 23, -126)
}

/// Every power of two with some mantissas, in both signs, and a million values in between, one in 4093 of all bit
/// patterns. Infinities and NaN are among them.
pub(super) fn numbers() -> impl Iterator<Item = f32> {
    let edges = (0..1 << 9).flat_map(|top: u32| [0, 1, 0x3f_ffff, 0x7f_fffe, 0x7f_ffff].map(|low| top << 23 | low));
    edges.chain((0..=u32::MAX).step_by(4093)).map(f32::from_bits)
}

/// The error against the function in `f64` is nowhere above `bound` units in the last place, and somewhere above 0.7
/// times that.
#[track_caller]
pub(super) fn assert_within(bound: f64, function: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) {
    let off = |x: f32| (ulps(function(x), exact(f64::from(x))), x);
    let (worst, x) = numbers().map(off).fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
    assert!(worst <= bound, "{worst} ulp at {x:e}: {:e}, not {:e}", function(x), exact(f64::from(x)));
    assert!(worst > 0.7 * bound, "no more than {worst} ulp: the bound can be lowered");
}

/// The error against a table computed with 300 bits is at most `bound` units in the last place. A row is `x`, the
/// nearest value, and by how many units in the last place the exact value is above it.
#[track_caller]
pub(super) fn assert_table(bound: f64, function: impl Fn(f64) -> f64, table: &[(f64, f64, f64)]) {
    for &(x, nearest, above) in table {
        let error = (function(x) - nearest) / unit(nearest, 52, -1022) - above;
        assert!(error.abs() <= bound, "{error} ulp at {x:e}: {:e}, not {nearest:e}", function(x));
    }
}

/// 200,000 values without any special ones: of every magnitude up to `largest`, in both signs, and uniform ones in
/// `[-1, 1]` and in `[-largest, largest]`.
fn numbers_up_to(largest: f64) -> impl Iterator<Item = f64> {
    let mut state = 0_u64;
    (0..200_000).map(move |i| {
        // Multiples of the golden ratio, modulo 1, fill the interval evenly.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let part = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        match i % 4 {
            0 => part,
            1 => part * largest,
            2 => largest.powf(part).copysign(if i % 8 == 2 { part } else { -part }),
            _ => 2.0_f64.powf(-60.0 * part.abs()).copysign(part),
        }
    })
}

/// The error against the exact function is nowhere above `bound` units in the last place, and somewhere above 0.9 times
/// that, at values up to `largest` in the function's domain.
#[track_caller]
pub(super) fn assert_within_f64(
    bound: f64,
    largest: f64,
    function: impl Fn(f64) -> f64,
    exact: impl Fn(f64) -> Exact,
    domain: impl Fn(f64) -> bool,
) {
    let off = |x: f64| (exact(x).ulps(function(x)), x);
    let worse = |a: (f64, f64), b: (f64, f64)| if b.0 <= a.0 { a } else { b };
    let (worst, x) = numbers_up_to(largest).filter(|&x| domain(x)).map(off).fold((0.0, 0.0), worse);
    assert!(worst <= bound, "{worst} ulp at {x:e}: {:e}, not {:?}", function(x), exact(x));
    assert!(worst > 0.9 * bound, "no more than {worst} ulp: the bound can be lowered");
}

/// The exact function agrees with a table computed with 300 bits, to the two digits that the table has.
#[track_caller]
pub(super) fn assert_exact_table(exact: impl Fn(f64) -> Exact, table: &[(f64, f64, f64)]) {
    for &(x, nearest, above) in table {
        let apart = exact(x).ulps(nearest);
        assert!((apart - above.abs()).abs() < 0.0051, "at {x:e}: {apart} ulp, not {above}");
    }
}

/// The function equals the table, including the signs of zeros; NaN equals NaN.
#[track_caller]
pub(super) fn assert_exact<F: Float>(function: impl Fn(F) -> F, table: &[(F, F)]) {
    for &(x, expected) in table {
        let got = function(x);
        let same = got == expected && got.is_sign_negative() == expected.is_sign_negative();
        assert!(same || got.is_nan() && expected.is_nan(), "at {x}: {got}, not {expected}");
    }
}

/// A loop over the function gives bitwise identical results with every instruction set (any NaN equals any other).
#[track_caller]
pub(super) fn assert_same_everywhere<F: Float>(function: impl Fn(F) -> F, of_f32: impl Fn(f32) -> F) {
    let xs: Vec<F> = numbers().step_by(7).map(of_f32).collect();
    let x = Elements::new(IxDyn(&[xs.len()]), xs);
    let at = |level| tested_at(level, || map(&x, &function));
    let expected = at(Level::Baseline);
    for level in [Level::Avx2, Level::Avx512] {
        let y = at(level);
        for ((a, b), x) in y.view().iter().zip(&expected.view()).zip(&x.view()) {
            let same = a == b && a.is_sign_negative() == b.is_sign_negative() || a.is_nan() && b.is_nan();
            assert!(same, "at {x}: {a} with {level:?}, {b} without");
        }
    }
}
