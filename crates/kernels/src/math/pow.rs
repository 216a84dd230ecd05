//! A power with a real exponent; for `f32`, computed in `f64`.
//!
//! `|a|ᵇ = e^(b·ln |a|)`. The exponent is at most 104 where the result is neither 0 nor inf, so a logarithm to 2⁻³⁵
//! gives it to 2⁻²⁸. A negative base has a power if the exponent is whole, a negative one if it is odd. For `f64` the
//! function is std's: this way would lose ten bits.

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

    /// Signs, zeros, infinities and NaN as the standard library has them.
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
