//! Below which size the state of a rule counts as nothing.
//!
//! Two things are wanted at once. State that decays must not stay among the subnormal numbers, where arithmetic takes a
//! hundred times as long. And no step may change by more than rounding, so that what is cut depends on what it is: 1e-31
//! is nothing as the mean of gradients, and as the mean of their squares it is a gradient of 3e-16.

use downhill_tensor::Float;

/// For state whose size does not matter, only its sign or its share of the whole: subnormal numbers alone.
pub(crate) fn subnormal<F: Float>() -> F {
    F::min_positive_value()
}

/// For a mean of gradients `m` of which a step is made as `rate·m`, divided by something or not: where `m` or `rate·m` is
/// subnormal.
pub(crate) fn mean<F: Float>(rate: F) -> F {
    limited(subnormal::<F>() / rate.abs().min(F::one()))
}

/// For a mean of squares `v`, of which each new one has the weight `new`, and that meets `seen` in a sum `√v + ε`, which
/// is `ε²`, or `v + ε`, which is `ε`: where the sum is the same to the last bit without it.
///
/// A gradient that stays the same adds `new·g²` in each step, and what is cut is cut in each; uncut, `v` would grow to
/// `g²`. Hence `new` as a factor.
///
/// With the usual ε this lies above the subnormal numbers. With an ε below about 1e-12 subnormal squares count, and are
/// kept in `f32` as long as they are numbers at all.
pub(crate) fn square<F: Float>(new: f64, seen: f64) -> F {
    let lost = 0.25 * F::epsilon().as_f64();
    limited(F::from_f64(new * seen * lost * lost))
}

/// Never more than `2⁻¹⁰³` in `f32`, `2⁻⁹⁷⁰` in `f64`: far enough above the subnormal numbers.
fn limited<F: Float>(cut: F) -> F {
    cut.min(F::min_positive_value() / F::epsilon())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_where_it_can_be_seen() {
        for (new, eps) in [(1e-3, 1e-8), (0.1, 1e-6), (0.01, 1e-10), (1.0, 1e-3)] {
            let cut = square::<f32>(new, eps * eps);
            // The largest mean that can be missing.
            let missing = (f64::from(cut) / new).sqrt() as f32;
            assert_eq!(eps as f32 + missing, eps as f32, "{new} {eps}");
            assert!(cut >= f32::MIN_POSITIVE || eps < 1e-8, "{new} {eps}: {cut:e}");
        }
        assert_eq!(square::<f32>(1e-3, 1e-40), 0.0);
        assert_eq!(square::<f64>(1e-3, 1e-40), f64::MIN_POSITIVE / f64::EPSILON);
    }

    #[test]
    fn a_step_that_is_a_normal_number_is_made() {
        for rate in [0.0_f32, 1e-30, 1e-3, 1.0] {
            assert!(mean(rate) * rate <= f32::MIN_POSITIVE, "{rate}");
            assert!((f32::MIN_POSITIVE..1e-30).contains(&mean(rate)), "{rate}");
        }
        assert_eq!(mean(100.0_f32), f32::MIN_POSITIVE);
    }
}
