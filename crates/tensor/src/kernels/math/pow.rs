//! A power with a real exponent; for `f32`, computed in `f64`.
//!
//! `|a|ᵇ = e^(b·ln |a|)`. The exponent is at most 104 where the result is neither 0 nor inf, so a logarithm to 2⁻³⁵ gives it to 2⁻²⁸. A
//! negative base has a power if the exponent is whole, a negative one if it is odd. For `f64` the function is std's: this way would lose
//! ten bits.

use super::{exp, ln};

/// `aᵇ`; 1 for `a⁰` and `1ᵇ`, whatever the other is.
#[inline(always)]
pub(crate) fn single(a: f32, b: f32) -> f32 {
    let (base, size) = (f64::from(a.abs()), b.abs());
    let log = if base < f64::INFINITY { ln::rough(base) } else { base };
    let log = if base == 0.0 { f64::NEG_INFINITY } else { log };
    let one = b == 0.0 || a == 1.0 || (a == -1.0 && size == f32::INFINITY);
    let exponent = if one { 0.0 } else { f64::from(b) * log };
    // Outside, the result is 0 or inf in `f32`. NaN stays.
    let y = exp::rough(exponent.clamp(-110.0, 90.0)) as f32;
    // Floats are whole from 2²³ on, and even from 2²⁴ on; adding that rounds to whole and to even numbers.
    let whole = size >= 8_388_608.0 || (size + 8_388_608.0) - 8_388_608.0 == size;
    let even = size >= 16_777_216.0 || (size + 16_777_216.0) - 16_777_216.0 == size;
    let y = if a.is_sign_negative() && whole && !even { -y } else { y };
    // -0 and -inf have powers: they are limits.
    if a < 0.0 && a > f32::NEG_INFINITY && !whole { f32::NAN } else { y }
}
