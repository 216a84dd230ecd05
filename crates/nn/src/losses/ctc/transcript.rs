//! One text and the paths that read as it, as a chain of states: the blank before the first symbol, the first symbol, the
//! blank after it, and so on. A path stays, goes on to the next state, or skips the blank between two different symbols.
//!
//! In `f64` for both element types: the logarithms are as large as the loss, and their differences become probabilities.

use downhill_tensor::{Float, Tensor};

/// A text of classes other than the blank, with its number of steps.
#[derive(Clone, Debug)]
pub(super) struct Transcript {
    pub(super) labels: Vec<usize>,
    pub(super) steps: usize,
    pub(super) blank: usize,
}

impl Transcript {
    pub(super) fn states(&self) -> usize {
        2 * self.labels.len() + 1
    }

    /// The class that a path has in this state.
    pub(super) fn class(&self, state: usize) -> usize {
        if state.is_multiple_of(2) { self.blank } else { self.labels[state / 2] }
    }

    /// Where a path may come from: 1 to 3 states.
    pub(super) fn predecessors(&self, state: usize) -> std::ops::RangeInclusive<usize> {
        // The blank between equal symbols must not be skipped, or they would read as one.
        let skips = !state.is_multiple_of(2) && state > 1 && self.labels[state / 2] != self.labels[state / 2 - 1];
        state.saturating_sub(if skips { 2 } else { 1 })..=state
    }

    /// The states in which a path may end: the last symbol and the last blank.
    pub(super) fn ends(&self) -> std::ops::Range<usize> {
        self.states().saturating_sub(2)..self.states()
    }

    /// Where a path is before the first step, as logarithms of probabilities: it may begin with the first two states, as
    /// if it came from the first.
    fn start(&self) -> Vec<f64> {
        let mut start = vec![f64::NEG_INFINITY; self.states()];
        start[0] = 0.0;
        start
    }

    /// `ln P`, with `log_p(step, class)`.
    pub(super) fn log_likelihood(&self, log_p: impl Fn(usize, usize) -> f64) -> f64 {
        let (mut before, mut after) = (self.start(), Vec::with_capacity(self.states()));
        for step in 0..self.steps {
            self.advance(&before, |class| log_p(step, class), &mut after);
            std::mem::swap(&mut before, &mut after);
            after.clear();
        }
        log_sum(&before[self.ends()])
    }

    /// Appends, for every state, the logarithm of the probability that a path is there after one more step and has had
    /// the right symbols so far.
    fn advance(&self, before: &[f64], log_p: impl Fn(usize) -> f64, after: &mut Vec<f64>) {
        for state in 0..self.states() {
            after.push(log_sum(&before[self.predecessors(state)]) + log_p(self.class(state)));
        }
    }

    /// Calls `visit(step, class, p)` for every step and state, with the probability that a path of the text is in this
    /// state at this step. Nothing if there is no path.
    pub(super) fn visits(&self, log_p: impl Fn(usize, usize) -> f64, mut visit: impl FnMut(usize, usize, f64)) {
        let states = self.states();
        if self.steps == 0 {
            return;
        }
        // Every row of `advance`. In a tensor, because its size is checked.
        let reached = Tensor::<f64>::appended(&[self.steps, states], |rows| {
            let mut before = self.start();
            for step in 0..self.steps {
                let mut after = Vec::with_capacity(states);
                self.advance(&before, |class| log_p(step, class), &mut after);
                rows.extend_from_slice(&after);
                before = after;
            }
        });
        let reached = reached.as_slice().expect("row-major");
        let total = log_sum(&reached[(self.steps - 1) * states..][self.ends()]);
        if total == f64::NEG_INFINITY {
            return;
        }
        // For every state the logarithm of the probability of the symbols still to come.
        let mut to_come = vec![f64::NEG_INFINITY; states];
        to_come[self.ends()].fill(0.0);
        for step in (0..self.steps).rev() {
            let row = &reached[step * states..][..states];
            let mut before = vec![f64::NEG_INFINITY; states];
            for state in 0..states {
                let class = self.class(state);
                visit(step, class, Float::exp(row[state] + to_come[state] - total));
                let from_here = to_come[state] + log_p(step, class);
                for before in &mut before[self.predecessors(state)] {
                    *before = log_add(*before, from_here);
                }
            }
            to_come = before;
        }
    }
}

/// `ln Σeˣ`.
fn log_sum(xs: &[f64]) -> f64 {
    xs.iter().fold(f64::NEG_INFINITY, |sum, &x| log_add(sum, x))
}

/// `ln(eᵃ + eᵇ)`.
fn log_add(a: f64, b: f64) -> f64 {
    // A comparison with NaN is false, so that one of the two is NaN, and with it the sum.
    let (more, less) = if a >= b { (a, b) } else { (b, a) };
    if less == f64::NEG_INFINITY { more } else { more + Float::ln_1p(Float::exp(less - more)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_logarithms() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(log_sum(&[]), -inf);
        assert_eq!(log_sum(&[-inf, -inf]), -inf);
        assert_eq!(log_sum(&[-inf, 3.0, -inf]), 3.0);
        assert!((log_sum(&[1000.0, 1000.0, 1000.0 - 2.0_f64.ln()]) - (1000.0 + 2.5_f64.ln())).abs() < 1e-12);
        for with_nan in [[nan, -inf], [-inf, nan], [nan, 0.0], [0.0, nan]] {
            assert!(log_sum(&with_nan).is_nan(), "{with_nan:?}");
        }
    }

    #[test]
    fn states() {
        let text = Transcript { labels: vec![3, 3, 1], steps: 5, blank: 0 };
        assert_eq!((0..text.states()).map(|state| text.class(state)).collect::<Vec<_>>(), [0, 3, 0, 3, 0, 1, 0]);
        let from: Vec<_> = (0..text.states()).map(|state| text.predecessors(state)).collect();
        assert_eq!(from, [0..=0, 0..=1, 1..=2, 2..=3, 3..=4, 3..=5, 5..=6]);
        assert_eq!(text.ends(), 5..7);
        assert_eq!(Transcript { labels: vec![], ..text }.ends(), 0..1);
    }
}
