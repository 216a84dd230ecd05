//! Powers with a real exponent, for `f32`, computed in `f64`.
//!
//! `|a|ᵇ = e^(b·ln |a|)`. The exponent of `e` is at most 104 where the result is neither 0 nor inf, so a logarithm with
//! a relative error of 2⁻³⁵ gives the power with one of 2⁻²⁸. The power of a negative base is real if the exponent is
//! an integer, and negative if that is odd. For `f64`, the standard library's function is used: this formula would lose
//! ten bits.

use super::{exp, ln};

/// `aᵇ`; `a⁰` and `1ᵇ` are 1 even if `a` or `b` is NaN.
#[inline(always)]
pub(crate) fn single(a: f32, b: f32) -> f32 {
    let (base, size) = (f64::from(a.abs()), b.abs());
    let log = if base < f64::INFINITY { ln::rough(base) } else { base };
    let log = if base == 0.0 { f64::NEG_INFINITY } else { log };
    let one = b == 0.0 || a == 1.0 || (a == -1.0 && size == f32::INFINITY);
    let exponent = if one { 0.0 } else { f64::from(b) * log };
    // Outside this range the result is 0 or inf in `f32` anyway. `clamp` keeps NaN.
    let y = exp::rough(exponent.clamp(-110.0, 90.0)) as f32;
    // From 2²³ on every `f32` is an integer, from 2²⁴ on an even one; adding that rounds to the nearest of these.
    let whole = size >= 8_388_608.0 || (size + 8_388_608.0) - 8_388_608.0 == size;
    let even = size >= 16_777_216.0 || (size + 16_777_216.0) - 16_777_216.0 == size;
    let y = if a.is_sign_negative() && whole && !even { -y } else { y };
    // A negative base with a non-integer exponent gives NaN, except -0 and -inf, whose powers are limits.
    if a < 0.0 && a > f32::NEG_INFINITY && !whole { f32::NAN } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{assert_same_everywhere, assert_within};

    #[test]
    fn within_its_bound() {
        for exponent in [2.5, -3.0] {
            assert_within(0.56, |x| single(x, exponent), |x| x.powf(f64::from(exponent)));
        }
        for base in [0.1, 1e10] {
            assert_within(0.56, |x| single(base, x), |x| f64::from(base).powf(x));
        }
    }

    /// Signs, zeros, infinities and NaN agree with the standard library.
    #[test]
    fn the_ends() {
        let sizes = [
            0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 8388607.5, 8388608.0, 8388609.0, 16777215.0, 16777218.0, 33554436.0, 1e30,
            1e-40,
        ];
        let sizes = sizes.into_iter().chain([f32::INFINITY, f32::NAN]);
        let all: Vec<f32> = sizes.flat_map(|x| [x, -x]).collect();
        for (&a, &b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
            let (got, expected) = (single(a, b), a.powf(b));
            let near = (got - expected).abs() <= 1e-7 * expected.abs() && got.is_finite();
            let same = (got == expected || near) && got.is_sign_negative() == expected.is_sign_negative();
            assert!(same || got.is_nan() && expected.is_nan(), "{a}^{b}: {got}, not {expected}");
        }
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(|x| single(x, 2.5), |x| x);
        assert_same_everywhere(|x| single(x, x), |x| x);
    }
}
