//! The natural logarithm.
//!
//! `x = 2ᵏ·(1 + f)` with `√½ ≤ 1 + f < √2`, and `ln x = k·ln 2 + ln(1 + f)`. With `s = f / (2 + f)`,
//!
//! ```text
//! ln(1 + f) = 2 artanh s = 2s + s³·R(s²) = f - (½f² - s·(½f² + s²·R(s²)))
//! ```
//!
//! where `f` is exact, `½f²` almost so, and the term that is subtracted is small (the formula of fdlibm, Sun
//! Microsystems 1993). `R` is a minimax polynomial. The first part of `k·ln 2` is exact; the rounding error of its sum
//! with `f` is added at the end.

use super::bits::polynomial;
use super::exp::{LN_2_F32, LN_2_F64};

/// Minimax coefficients (Remez algorithm); the relative error of the logarithm is 2⁻³⁰.
const R_F32: [f32; 3] = [0.666667759, 0.399775803, 0.298709303];
/// The same, with 2⁻³⁵.
const R_ROUGH: [f64; 4] = [0.666666627, 0.400009722, 0.284987926, 0.242788136];
/// The same, with 2⁻⁵⁹·⁵.
const R_F64: [f64; 7] = [
    0.6666666666666734,
    0.39999999999416413,
    0.28571428742112776,
    0.2222219859368676,
    0.18183563558148708,
    0.1531406417233605,
    0.14795863348763072,
];

const ROOT_HALF_F32: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
const ROOT_HALF_F64: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
const FRACTION_F32: u32 = (1 << 23) - 1;
const FRACTION_F64: u64 = (1 << 52) - 1;

/// Reduces a positive, finite, normal `x` to `(k, f)` with `x = 2ᵏ·(1 + f)`.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (f32, f32) {
    // Relative to the bits of √½, so that the exponent field is incremented where `1 + f` would reach √2.
    let above = x.to_bits().wrapping_sub(ROOT_HALF_F32);
    let k = (above as i32) >> 23;
    (k as f32, f32::from_bits((above & FRACTION_F32).wrapping_add(ROOT_HALF_F32)) - 1.0)
}

/// Like [`reduce_f32`].
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> (f64, f64) {
    let above = x.to_bits().wrapping_sub(ROOT_HALF_F64);
    // `k + 1024`, which is positive, in the low bits of 2⁵²: not every machine can convert vectors of 64-bit integers.
    let k = (above.wrapping_add(1024 << 52) >> 52) | (1075 << 52);
    let f = f64::from_bits((above & FRACTION_F64).wrapping_add(ROOT_HALF_F64)) - 1.0;
    (f64::from_bits(k) - (4_503_599_627_370_496.0 + 1024.0), f)
}

/// `k·ln 2 + ln(1 + f) + low` for a small `low`.
#[inline(always)]
pub(super) fn join_f32(k: f32, f: f32, low: f32) -> f32 {
    let s = f / (2.0 + f);
    let (z, bend) = (s * s, 0.5 * f * f);
    let small = k * LN_2_F32[1] + low - (bend - s * (bend + z * polynomial(z, R_F32)));
    let base = k * LN_2_F32[0];
    let sum = base + f;
    // The rounding error of `sum`; the formula is exact because `base` is 0 or larger than `f`.
    sum + ((base - sum) + f + small)
}

/// Like [`join_f32`].
#[inline(always)]
pub(super) fn join_f64(k: f64, f: f64, low: f64) -> f64 {
    let s = f / (2.0 + f);
    let (z, bend) = (s * s, 0.5 * f * f);
    let small = k * LN_2_F64[1] + low - (bend - s * (bend + z * polynomial(z, R_F64)));
    let base = k * LN_2_F64[0];
    let sum = base + f;
    sum + ((base - sum) + f + small)
}

/// `ln x`: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    // Scale subnormals into the normal range, so that their exponent field is valid.
    let tiny = x < f32::MIN_POSITIVE;
    let (k, f) = reduce_f32(if tiny { x * 16_777_216.0 } else { x });
    let y = join_f32(if tiny { k - 24.0 } else { k }, f, 0.0);
    let end = if x == 0.0 {
        f32::NEG_INFINITY
    } else if x > 0.0 {
        x
    } else {
        f32::NAN
    };
    if x > 0.0 && x < f32::INFINITY { y } else { end }
}

/// `ln x`: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let tiny = x < f64::MIN_POSITIVE;
    let (k, f) = reduce_f64(if tiny { x * 18_014_398_509_481_984.0 } else { x });
    let y = join_f64(if tiny { k - 54.0 } else { k }, f, 0.0);
    let end = if x == 0.0 {
        f64::NEG_INFINITY
    } else if x > 0.0 {
        x
    } else {
        f64::NAN
    };
    if x > 0.0 && x < f64::INFINITY { y } else { end }
}

/// `ln x` with a relative error of 2⁻³⁵ for a positive, finite, normal `x`: for results that are then rounded to `f32`.
#[inline(always)]
pub(super) fn rough(x: f64) -> f64 {
    let (k, f) = reduce_f64(x);
    let s = f / (2.0 + f);
    let z = s * s;
    k * std::f64::consts::LN_2 + (2.0 * s + s * z * polynomial(z, R_ROUGH))
}

#[cfg(test)]
#[allow(clippy::approx_constant)] // Entries of a table.
mod tests {
    use super::*;
    use crate::math::exact;
    use crate::math::testing::{
        assert_exact, assert_exact_table, assert_same_everywhere, assert_table, assert_within, assert_within_f64,
    };

    #[test]
    fn within_its_bound() {
        assert_within(0.88, single, f64::ln);
        let table = [
            (5e-324, -744.4400719213812, -0.39),
            (1e-310, -713.8013788281542, -0.08),
            (2.3e-308, -708.363299519231, -0.03),
            (1e-100, -230.25850929940458, 0.39),
            (1e-09, -20.72326583694641, -0.18),
            (0.1, -2.3025850929940455, -0.39),
            (0.5, -0.6931471805599453, -0.21),
            (0.7069810795849042, -0.3467513749925942, -0.18),
            (0.7071067811865475, -0.34657359027997275, 0.19),
            (0.7071067811865476, -0.3465735902799726, 0.02),
            (0.9, -0.10536051565782628, 0.35),
            (0.999999, -1.000000500029089e-06, 0.31),
            (0.9999999999999999, -1.1102230246251565e-16, -0.25),
            (1.0000000000000002, 2.2204460492503128e-16, 0.00),
            (1.000001, 9.999994999180668e-07, 0.07),
            (1.1, 0.09531017980432493, 0.43),
            (1.2714828002766996, 0.24018377867623644, -0.26),
            (1.414213562373095, 0.3465735902799726, -0.39),
            (1.4142135623730951, 0.3465735902799727, 0.44),
            (2.0, 0.6931471805599453, 0.21),
            (2.718281828459045, 1.0, -0.24),
            (10.0, 2.302585092994046, -0.49),
            (10000000000.0, 23.025850929940457, -0.11),
            (1e+200, 460.51701859880916, -0.39),
            (1.7976931348623157e+308, 709.782712893384, 0.21),
        ];
        assert_table(0.85, double, &table);
        assert_exact_table(exact::ln, &table);
        assert_within_f64(0.85, 1e308, double, exact::ln, |x| x > 0.0);
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            single,
            &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (-inf, nan), (nan, nan), (-1e-45, nan), (-1e38, nan)],
        );
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[
                (0.0, -inf),
                (-0.0, -inf),
                (1.0, 0.0),
                (inf, inf),
                (-inf, nan),
                (nan, nan),
                (-5e-324, nan),
                (-1e300, nan),
            ],
        );
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
    }
}
