//! Compensated summation: accurate to the last digit or two, however many terms there are.

use crate::Float;
use crate::simd::vectorised;

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
        [self.sum, self.lost] = added([self.sum, self.lost], x);
    }

    /// The sum so far, rounded once.
    #[inline(always)]
    pub fn total(self) -> F {
        self.sum
    }
}

/// Running sums side by side, in vectorized loops.
pub struct RunningSums<F> {
    sums: Vec<F>,
    lost: Vec<F>,
}

impl<F: Float> RunningSums<F> {
    /// This many sums, which start at 0.
    pub fn new(len: usize) -> Self {
        RunningSums { sums: vec![F::zero(); len], lost: vec![F::zero(); len] }
    }

    /// All start at 0 again.
    pub fn reset(&mut self) {
        self.sums.fill(F::zero());
        self.lost.fill(F::zero());
    }

    /// Adds a term to each.
    ///
    /// # Panics
    /// If there are more or fewer terms than sums.
    #[track_caller]
    pub fn add(&mut self, terms: &[F]) {
        assert!(terms.len() == self.sums.len(), "RunningSums: one term for each sum");
        vectorised(
            #[inline(always)]
            || {
                for ((sum, lost), &x) in self.sums.iter_mut().zip(&mut self.lost).zip(terms) {
                    [*sum, *lost] = added([*sum, *lost], x);
                }
            },
        );
    }

    /// The sums so far, each rounded once.
    pub fn totals(&self) -> &[F] {
        &self.sums
    }
}

/// The sum and the accumulated error with one more term.
#[inline(always)]
fn added<F: Float>([before, carried]: [F; 2], x: F) -> [F; 2] {
    let sum = before + x;
    // The exact rounding error of this addition, plus the error carried over from the earlier ones.
    let lost = if before.abs() >= x.abs() { (before - sum) + x } else { (x - sum) + before };
    let lost = lost + carried;
    let total = sum + lost;
    // An infinite or NaN sum has no error to carry: `inf - inf` would turn the sum into NaN.
    let lost = if total.is_finite() { lost - (total - sum) } else { F::zero() };
    [if sum.is_finite() { total } else { sum }, lost]
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

    #[test]
    fn side_by_side() {
        let (mut sums, mut alone) = (RunningSums::new(3), [RunningSum::new(0.0); 3]);
        for _ in 0..2 {
            for terms in [[1.0, 1e100, 0.1], [1e100, 1.0, f64::INFINITY], [1.0, -1e100, -1.0], [-1e100, 2.0, 5.0]] {
                sums.add(&terms);
                alone.iter_mut().zip(terms).for_each(|(sum, x)| sum.add(x));
            }
            assert_eq!(sums.totals(), [2.0, 3.0, f64::INFINITY]);
            assert_eq!(sums.totals(), alone.map(RunningSum::total));
            sums.reset();
            alone = [RunningSum::new(0.0); 3];
        }
    }

    /// Neither the sum nor what it has lost by rounding, here 1, is left.
    #[test]
    fn nothing_is_left_after_a_reset() {
        let mut sums = RunningSums::new(2);
        sums.add(&[1e100, 3.0]);
        sums.add(&[1.0, f64::NAN]);
        sums.reset();
        assert_eq!(sums.totals(), [0.0, 0.0]);
        sums.add(&[0.5, 0.25]);
        assert_eq!(sums.totals(), [0.5, 0.25]);
    }
}
