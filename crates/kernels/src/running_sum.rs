//! Compensated summation: accurate to the last digit or two, however many terms there are.

use crate::Float;

/// A sum and its accumulated rounding error, which together have twice the precision (Dekker, "A floating-point technique
/// for extending the available precision", 1971). After `n` terms the error of [`total`](Self::total) is at most
/// `ε·|Σx| + n·ε²·Σ|x|`; that of plain summation is `n·ε·Σ|x|`: in `f32`, a sum of ones would stop at 16,777,216.
#[derive(Clone, Copy)]
pub struct RunningSum<F> {
    sum: F,
    lost: F,
}

impl<F: Float> RunningSum<F> {
    /// A sum that starts at `start`.
    pub fn new(start: F) -> Self {
        RunningSum { sum: start, lost: F::zero() }
    }

    /// Adds a term.
    #[inline(always)]
    pub fn add(&mut self, x: F) {
        let sum = self.sum + x;
        // The exact rounding error of this addition, plus the error carried over from the earlier ones.
        let lost = if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        let lost = lost + self.lost;
        let total = sum + lost;
        // An infinite or NaN sum has no error to carry: `inf - inf` would turn the sum into NaN.
        self.lost = if total.is_finite() { lost - (total - sum) } else { F::zero() };
        self.sum = if sum.is_finite() { total } else { sum };
    }

    /// The sum so far, rounded once.
    #[inline(always)]
    pub fn total(self) -> F {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum<F: Float>(terms: impl IntoIterator<Item = F>) -> F {
        let mut sum = RunningSum::new(F::zero());
        terms.into_iter().for_each(|x| sum.add(x));
        sum.total()
    }

    #[test]
    fn ten_million_terms() {
        assert_eq!(sum((0..20_000_000).map(|_| 1.0_f32)), 2e7);
        let tenth = f64::from(0.1_f32);
        assert_eq!(sum((0..10_000_000).map(|_| 0.1_f32)), (1e7 * tenth) as f32);
        assert_eq!(sum((0..10_000_000).map(|_| 0.1_f64)), 1e6);
    }

    #[test]
    fn sums_that_plain_addition_gets_wrong() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0, "Neumaier's example");
        assert_eq!(sum([1e-20_f32, 1.0, -1.0]), 1e-20);
    }

    #[test]
    fn infinity_and_nan_propagate() {
        assert_eq!(sum([1.0, f64::INFINITY, 2.0]), f64::INFINITY);
        assert_eq!(sum([f64::MAX, f64::MAX, -1.0]), f64::INFINITY);
        assert!(sum([f64::INFINITY, f64::NEG_INFINITY, 1.0]).is_nan());
        assert!(sum([1.0, f64::NAN, 1.0]).is_nan());
    }
}
