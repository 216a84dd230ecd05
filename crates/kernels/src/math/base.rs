//! Exponentials and logarithms to the bases 2 and 10, for `f32`, computed in `f64`.
//!
//! `2ˣ = e^(x·ln 2)`, `log₂ x = ln x / ln 2` and `log₁₀ x = ln x / ln 10`, from functions with relative errors of 2⁻²⁸
//! and 2⁻³⁵: whole powers of the base, whose results an `f32` holds exactly, come out exactly. For `f64`, `libm`'s
//! functions are used: these formulas would lose digits.

use super::{exp, ln};

/// `2ˣ`.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    // Outside this range the result is 0 or inf anyway. `clamp` keeps NaN.
    exp::rough(f64::from(x.clamp(-160.0, 130.0)) * std::f64::consts::LN_2) as f32
}

/// `log₂ x`: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    log(x, std::f64::consts::LOG2_E)
}

/// `log₁₀ x`: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log10(x: f32) -> f32 {
    log(x, std::f64::consts::LOG10_E)
}

/// `ln x` times the scale.
#[inline(always)]
fn log(x: f32, scale: f64) -> f32 {
    let y = (ln::rough(f64::from(x)) * scale) as f32;
    let end = if x == 0.0 {
        f32::NEG_INFINITY
    } else if x > 0.0 {
        x
    } else {
        f32::NAN
    };
    if x > 0.0 && x < f32::INFINITY { y } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{assert_exact, assert_same_everywhere, assert_within};

    #[test]
    fn within_its_bound() {
        assert_within(0.56, exp2, f64::exp2);
        assert_within(0.56, log2, f64::log2);
        assert_within(0.56, log10, f64::log10);
    }

    #[test]
    fn whole_powers_are_exact() {
        for k in -149..128 {
            let power = 2.0_f64.powi(k) as f32;
            assert_eq!((exp2(k as f32), log2(power)), (power, k as f32));
        }
        for k in 0..=10 {
            assert_eq!(log10(10.0_f32.powi(k)), k as f32);
        }
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            exp2,
            &[(0.0, 1.0), (-0.0, 1.0), (-inf, 0.0), (inf, inf), (nan, nan), (-151.0, 0.0), (128.0, inf)],
        );
        for log in [log2, log10] {
            assert_exact(
                log,
                &[(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (-inf, nan), (nan, nan), (-1e-45, nan)],
            );
        }
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(exp2, |x| x);
        assert_same_everywhere(log2, |x| x);
        assert_same_everywhere(log10, |x| x);
    }
}
