//! The natural logarithm of one more.
//!
//! The rounded sum `u = 1 + x` is reduced as in [`ln`](super::ln) to `2ᵏ·(1 + f)`. Where `k = 0`, `f` is `x` itself,
//! whatever the sum has lost; elsewhere `ln(1 + x) = ln u + c/u` with what it has lost, `c`.

use super::ln::{join_f32, join_f64, reduce_f32, reduce_f64};

/// `ln(1 + x)`: -inf at -1, NaN below.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let u = 1.0 + x;
    let (k, f) = reduce_f32(u);
    let part = u - x;
    let lost = (x - (u - part)) + (1.0 - part);
    let near = k == 0.0;
    let y = join_f32(k, if near { x } else { f }, if near { 0.0 } else { lost / u });
    // inf and -0 stay.
    let end = if x == -1.0 {
        f32::NEG_INFINITY
    } else if x > -1.0 {
        x
    } else {
        f32::NAN
    };
    if x > -1.0 && x < f32::INFINITY && x != 0.0 { y } else { end }
}

/// `ln(1 + x)`: -inf at -1, NaN below.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let u = 1.0 + x;
    let (k, f) = reduce_f64(u);
    let part = u - x;
    let lost = (x - (u - part)) + (1.0 - part);
    let near = k == 0.0;
    let y = join_f64(k, if near { x } else { f }, if near { 0.0 } else { lost / u });
    let end = if x == -1.0 {
        f64::NEG_INFINITY
    } else if x > -1.0 {
        x
    } else {
        f64::NAN
    };
    if x > -1.0 && x < f64::INFINITY && x != 0.0 { y } else { end }
}
