//! The thresholds below which the state of a rule is flushed to 0.
//!
//! Decaying state must not stay among the subnormal numbers, where arithmetic can be a hundred times slower. But
//! flushing must not change a step by more than rounding error, so the threshold depends on what the state is: 1e-31 is
//! negligible as a mean of gradients, but as a mean of squared gradients it stands for a gradient of 3e-16.

use downhill_tensor::Float;

/// For state of which only the sign or the relative size matters: flushes subnormal numbers only.
pub(crate) fn subnormal<F: Float>() -> F {
    F::min_positive_value()
}

/// For a running mean of gradients `m` with the step `rate·m`, divided by something or not: flushes `m` where `m` or
/// `rate·m` is subnormal.
pub(crate) fn mean<F: Float>(rate: F) -> F {
    // Above a rate of 1, `m` is subnormal first; below, `rate·m`.
    limited(subnormal::<F>() / rate.abs().min(F::one()))
}

/// For a running mean of squares `v`, in which a new square has the weight `new`: flushes `v` where the sum it enters
/// is bitwise the same without it. `seen` is `ε²` for a sum `√v + ε`, and `ε` for `v + ε`.
///
/// A constant gradient adds `new·g²` per step. If each of these is flushed, `v` stays 0 instead of growing to `g²`, so
/// `g²` must be negligible too: hence the factor `new`.
///
/// With the usual ε the threshold is above the subnormal numbers. With an ε below about 1e-12, subnormal squares affect
/// the step in `f32`, and are kept.
pub(crate) fn square<F: Float>(new: f64, seen: f64) -> F {
    // A term of this relative size is lost to rounding.
    let lost = 0.25 * F::epsilon().as_f64();
    limited(F::from_f64(new * seen * lost * lost))
}

/// Caps the threshold at `2⁻¹⁰³` in `f32` and `2⁻⁹⁷⁰` in `f64`: far enough above the subnormal numbers.
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
            // The largest root mean square that flushing can remove.
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
