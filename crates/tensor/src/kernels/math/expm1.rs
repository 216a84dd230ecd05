//! The exponential less one.
//!
//! As [`exp`](super::exp): `eˣ - 1 = (2ᵏ - 1) + 2ᵏ·r + 2ᵏ·(eʳ - 1 - r)`. The first two terms are exact (the first one up
//! to where 1 no longer matters), and what their sum loses to rounding goes into the third. For `k = 128` there is no
//! `2ᵏ`, so everything is computed by half.

use super::bits::{pow2_f32, pow2_f64};
use super::exp::{bend_f32, bend_f64, reduce_f32, reduce_f64};

/// `eˣ - 1`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    // Outside, the result is -1 or inf. NaN stays.
    let (k, r, c) = reduce_f32(x.clamp(-30.0, 89.0));
    let half = pow2_f32(k.wrapping_sub(1));
    let (base, step) = (half - 0.5, half * r);
    let sum = base + step;
    let part = sum - base;
    let lost = (base - (sum - part)) + (step - part);
    let y = 2.0 * (sum + (lost + half * (c + bend_f32(r))));
    // Half of a number below the normal range would not be exact; and -0 stays.
    if x.abs() < 1e-9 { x } else { y }
}

/// `eˣ - 1`.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let (k, r, c) = reduce_f64(x.clamp(-60.0, 710.0));
    let half = pow2_f64(k.wrapping_sub(1));
    let (base, step) = (half - 0.5, half * r);
    let sum = base + step;
    let part = sum - base;
    let lost = (base - (sum - part)) + (step - part);
    let y = 2.0 * (sum + (lost + half * (c + bend_f64(r))));
    if x.abs() < 1e-18 { x } else { y }
}
