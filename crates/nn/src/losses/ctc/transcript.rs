//! One text and the paths that read as it, as a chain of states: the blank before the first symbol, the first symbol, the
//! blank after it, and so on. A path stays, goes on to the next state, or skips the blank between two different symbols.

use downhill_tensor::Tensor;

use super::row::Row;
use super::wide::Wide;

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

    /// For every state 0 if a path may come from two states before, and -∞ if not, as for the two after the last.
    fn skips(&self) -> Vec<f64> {
        let skips = |state: usize| state < self.states() && *self.predecessors(state).start() + 2 == state;
        (0..self.states() + 2).map(|state| if skips(state) { 0.0 } else { f64::NEG_INFINITY }).collect()
    }

    /// `ln P`, with `log_p(step, class)`.
    pub(super) fn log_likelihood(&self, log_p: impl Fn(usize, usize) -> f64) -> f64 {
        self.reach(&mut self.emissions(log_p), |_| {}).ln()
    }

    /// The probability of the text. Calls `each` after every step, with the probability that a path is in each state and has
    /// had the right symbols so far.
    fn reach(&self, emissions: &mut Emissions<'_, impl Fn(usize, usize) -> f64>, mut each: impl FnMut(&Row)) -> Wide {
        let skips = self.skips();
        let (mut before, mut after) = (Row::zeros(self.states()), Row::zeros(self.states()));
        // A path may begin with the first two states, as if it came from the first.
        before.set(0, Wide::ONE);
        for step in 0..self.steps {
            after.advance(&before, &skips, emissions.at(step));
            each(&after);
            std::mem::swap(&mut before, &mut after);
        }
        Wide::sum(self.ends().map(|state| before.get(state)))
    }

    fn emissions<P: Fn(usize, usize) -> f64>(&self, log_p: P) -> Emissions<'_, P> {
        let count = self.labels.len() + 1;
        Emissions {
            text: self,
            log_p,
            logarithms: Vec::with_capacity(count),
            exponentials: vec![Wide::ZERO; count],
            p: Row::zeros(self.states()),
        }
    }

    /// Calls `visit(step, class, p)` for every step and state, with the probability that a path of the text is in this
    /// state at this step. Nothing if there is no path.
    pub(super) fn visits(&self, log_p: impl Fn(usize, usize) -> f64, mut visit: impl FnMut(usize, usize, f64)) {
        let states = self.states();
        let mut emissions = self.emissions(log_p);
        let mut total = Wide::ZERO;
        // In a tensor, because its size is checked.
        let rows = Tensor::<f64>::appended(&[self.steps, 2, states], |rows| {
            total = self.reach(&mut emissions, |row| row.parts().iter().for_each(|part| rows.extend_from_slice(part)));
        });
        if total == Wide::ZERO {
            return;
        }
        let rows = rows.as_slice().expect("row-major");
        let (skips, mut shares) = (self.skips(), vec![0.0; states]);
        // For every state the probability of the symbols still to come.
        let (mut to_come, mut scratch) = (Row::zeros(states), Row::zeros(states));
        self.ends().for_each(|state| to_come.set(state, Wide::ONE));
        for step in (0..self.steps).rev() {
            let (m, e) = rows[2 * step * states..][..2 * states].split_at(states);
            to_come.shares([m, e], total, &mut shares);
            for (state, &share) in shares.iter().enumerate() {
                visit(step, self.class(state), share);
            }
            to_come.go_back(&skips, emissions.at(step), &mut scratch);
        }
    }
}

/// The probability of every state's class, step by step.
struct Emissions<'a, P> {
    text: &'a Transcript,
    log_p: P,
    /// Of the blank, then of each symbol.
    logarithms: Vec<f64>,
    exponentials: Vec<Wide>,
    p: Row,
}

impl<P: Fn(usize, usize) -> f64> Emissions<'_, P> {
    fn at(&mut self, step: usize) -> &Row {
        let classes = [self.text.blank].into_iter().chain(self.text.labels.iter().copied());
        self.logarithms.clear();
        self.logarithms.extend(classes.map(|class| (self.log_p)(step, class)));
        self.p.emit(&self.logarithms, &mut self.exponentials);
        &self.p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
