//! The exponential.
//!
//! `x = k·ln 2 + r` with a whole `k` and `|r| ≤ ½ ln 2`, so `eˣ = 2ᵏ·eʳ` (Cody and Waite 1980, "Software manual for the
//! elementary functions"). `k·ln 2` is subtracted in two parts, the first of which is so short that its product with
//! any `k` is exact. `eʳ = 1 + r + r²·Q(r)` with a minimax polynomial `Q`.
//!
//! `2ᵏ` is multiplied in two halves: the first product is exact and the second rounds once, so results below the normal
//! range are right too, and what is too large becomes inf.

use super::bits::{polynomial, pow2_f32, pow2_f64, round_f32, round_f64};

/// Remez exchange for the relative error of `eʳ`: 2⁻²⁸·².
const Q_F32: [f32; 5] = [0.49999994, 0.166665167, 0.0416681021, 0.00836919528, 0.00138389552];
/// The same: 2⁻⁶³·⁵.
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

/// The parts of ln 2, of 9 and 24 bits.
pub(super) const LN_2_F32: [f32; 2] = [0.693359375, -2.12194440e-4];
/// The parts of ln 2, of 33 and 53 bits.
pub(super) const LN_2_F64: [f64; 2] = [6.93147180369123816490e-1, 1.90821492927058770002e-10];

/// `x` as `(k, r, c)`: `k·ln 2 + r + c`, where `c` is what `r` lost to rounding.
#[inline(always)]
pub(super) fn reduce_f32(x: f32) -> (i32, f32, f32) {
    let (n, k) = round_f32(x * std::f32::consts::LOG2_E);
    let (high, low) = (x - n * LN_2_F32[0], n * LN_2_F32[1]);
    let r = high - low;
    (k, r, (high - r) - low)
}

/// The same.
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

/// The same.
#[inline(always)]
pub(super) fn bend_f64(r: f64) -> f64 {
    r * r * polynomial(r, Q_F64)
}

/// `eˣ`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    // Outside, the result is 0 or inf. NaN stays.
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

/// `eˣ` to 2⁻²⁸ for `|x|` < 700: for results that will be rounded to `f32`.
#[inline(always)]
pub(super) fn rough(x: f64) -> f64 {
    let (n, k) = round_f64(x * std::f64::consts::LOG2_E);
    let r = x - n * std::f64::consts::LN_2;
    (1.0 + r + r * r * polynomial(r, Q_F32.map(f64::from))) * pow2_f64(k)
}
