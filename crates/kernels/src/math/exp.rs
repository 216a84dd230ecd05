//! The exponential function.
//!
//! `x = k·ln 2 + r` with an integer `k` and `|r| ≤ ½ ln 2`, so `eˣ = 2ᵏ·eʳ` (Cody and Waite 1980, "Software manual for
//! the elementary functions"). `k·ln 2` is subtracted in two parts; the first has so few bits that its product with any
//! `k` is exact. `eʳ = 1 + r + r²·Q(r)` with a minimax polynomial `Q`.
//!
//! `2ᵏ` is multiplied in two halves: the first product is exact and the second rounds once, so subnormal results are
//! as accurate, and results that are too large become inf.

use super::bits::{polynomial, pow2_f32, pow2_f64, round_f32, round_f64};

/// Minimax coefficients (Remez algorithm); the relative error of `eʳ` is 2⁻²⁸·².
const Q_F32: [f32; 5] = [0.49999994, 0.166665167, 0.0416681021, 0.00836919528, 0.00138389552];
/// The same, with 2⁻⁶³·⁵.
const Q_F64: [f64; 11] = [
    0.5,
    0.16666666666666688,
    0.041666666666666824,
    0.008333333333313883,
    0.0013888888888777926,
    0.00019841269903409384,
    2.4801587559063952e-05,
    2.7557228630606473e-06,
    2.755706815587695e-07,
    2.5113953232838403e-08,
    2.0977492463219946e-09,
];

/// ln 2 as the sum of a part of 9 bits and one of 24.
pub(super) const LN_2_F32: [f32; 2] = [0.693359375, -2.12194440e-4];
/// ln 2 as the sum of a part of 33 bits and one of 53.
pub(super) const LN_2_F64: [f64; 2] = [6.93147180369123816490e-1, 1.90821492927058770002e-10];

/// Reduces `x` to `(k, r, c)` with `x = k·ln 2 + r + c`, where `c` is the rounding error of `r`.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (i32, f32, f32) {
    let (n, k) = round_f32(x * std::f32::consts::LOG2_E);
    let (high, low) = (x - n * LN_2_F32[0], n * LN_2_F32[1]);
    let r = high - low;
    (k, r, (high - r) - low)
}

/// Like [`reduce_f32`].
#[inline(always)]
pub(super) fn reduce_f64(x: f64) -> (i64, f64, f64) {
    let (n, k) = round_f64(x * std::f64::consts::LOG2_E);
    let (high, low) = (x - n * LN_2_F64[0], n * LN_2_F64[1]);
    let r = high - low;
    (k, r, (high - r) - low)
}

/// `eʳ - 1 - r` for a reduced `r`.
#[inline(always)]
pub(super) fn bend_f32(r: f32) -> f32 {
    r * r * polynomial(r, Q_F32)
}

/// Like [`bend_f32`].
#[inline(always)]
pub(super) fn bend_f64(r: f64) -> f64 {
    r * r * polynomial(r, Q_F64)
}

/// `eˣ`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    // Outside this range the result is 0 or inf anyway. `clamp` keeps NaN.
    let (k, r, c) = reduce_f32(x.clamp(-104.0, 89.0));
    let y = 1.0 + (r + (c + bend_f32(r)));
    y * pow2_f32(k >> 1) * pow2_f32(k.wrapping_sub(k >> 1))
}

/// `eˣ`.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let (k, r, c) = reduce_f64(x.clamp(-746.0, 710.0));
    let y = 1.0 + (r + (c + bend_f64(r)));
    y * pow2_f64(k >> 1) * pow2_f64(k.wrapping_sub(k >> 1))
}

/// `eˣ/2`, which is finite a little longer than `eˣ`.
#[inline(always)]
pub(super) fn half_single(x: f32) -> f32 {
    let (k, r, c) = reduce_f32(x.clamp(-104.0, 90.0));
    let (y, k) = (1.0 + (r + (c + bend_f32(r))), k.wrapping_sub(1));
    y * pow2_f32(k >> 1) * pow2_f32(k.wrapping_sub(k >> 1))
}

/// Like [`half_single`].
#[inline(always)]
pub(super) fn half_double(x: f64) -> f64 {
    let (k, r, c) = reduce_f64(x.clamp(-746.0, 711.0));
    let (y, k) = (1.0 + (r + (c + bend_f64(r))), k.wrapping_sub(1));
    y * pow2_f64(k >> 1) * pow2_f64(k.wrapping_sub(k >> 1))
}

/// `eˣ` with a relative error of 2⁻²⁸ for `|x|` < 700: for results that are then rounded to `f32`.
#[inline(always)]
pub(super) fn rough(x: f64) -> f64 {
    let (n, k) = round_f64(x * std::f64::consts::LOG2_E);
    let r = x - n * std::f64::consts::LN_2;
    (1.0 + r + r * r * polynomial(r, Q_F32.map(f64::from))) * pow2_f64(k)
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
        assert_within(0.9, single, f64::exp);
        let table = [
            (-744.9, 5e-324, -0.37),
            (-720.25, 1.5827029403e-313, 0.48),
            (-708.3, 2.450295530965988e-308, 0.41),
            (-432.8364390554031, 1.0508069864227917e-188, -0.19),
            (-100.0, 3.720075976020836e-44, -0.32),
            (-20.5, 1.2501528663867426e-09, 0.31),
            (-1.0, 0.36787944117144233, -0.22),
            (-0.36, 0.697676326071031, 0.35),
            (-0.001, 0.999000499833375, -0.27),
            (-1e-17, 1.0, -0.05),
            (1e-300, 1.0, 0.00),
            (1e-09, 1.000000001, -0.37),
            (0.1, 1.1051709180756477, -0.37),
            (0.34657, 1.4142084849595797, -0.34),
            (0.34658, 1.41422262711514, 0.11),
            (0.75, 2.117000016612675, -0.26),
            (1.0, 2.718281828459045, 0.33),
            (2.5, 12.182493960703473, 0.11),
            (12.161601078291483, 191300.55914453554, 0.21),
            (88.7, 3.325986980250579e+38, -0.07),
            (300.0, 1.9424263952412558e+130, 0.45),
            (709.5, 1.3549863193146328e+308, -0.01),
            (709.782712893384, 1.7976931348622732e+308, 0.11),
        ];
        assert_table(0.85, double, &table);
        assert_exact_table(exact::exp, &table);
        assert_within_f64(0.85, 745.0, double, exact::exp, |x| x < 709.7);
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            single,
            &[(0.0, 1.0), (-0.0, 1.0), (-inf, 0.0), (inf, inf), (nan, nan), (-200.0, 0.0), (89.0, inf), (1e38, inf)],
        );
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[(0.0, 1.0), (-0.0, 1.0), (-inf, 0.0), (inf, inf), (nan, nan), (-800.0, 0.0), (710.0, inf), (1e300, inf)],
        );
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
    }
}
