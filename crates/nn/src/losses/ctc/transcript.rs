//! One text and the paths that read as it, as a chain of states: the blank before the first symbol, the first symbol, the
//! blank after it, and so on. A path stays, goes on to the next state, or skips the blank between two different symbols.

use downhill_tensor::Tensor;

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

    /// The probability that a path is in each state before the first step: it may begin with the first two states, as if it
    /// came from the first.
    fn start(&self) -> Vec<Wide> {
        let mut start = vec![Wide::ZERO; self.states()];
        start[0] = Wide::ONE;
        start
    }

    /// `ln P`, with `log_p(step, class)`.
    pub(super) fn log_likelihood(&self, log_p: impl Fn(usize, usize) -> f64) -> f64 {
        let (mut before, mut after) = (self.start(), Vec::with_capacity(self.states()));
        let mut p = Vec::with_capacity(self.states());
        for step in 0..self.steps {
            self.emissions(|class| log_p(step, class), &mut p);
            self.advance(&before, &p, &mut after);
            std::mem::swap(&mut before, &mut after);
        }
        Wide::sum(&before[self.ends()]).ln()
    }

    /// The probability of every state's class at one step.
    fn emissions(&self, log_p: impl Fn(usize) -> f64, p: &mut Vec<Wide>) {
        p.clear();
        let blank = Wide::exp(log_p(self.blank));
        for &label in &self.labels {
            p.extend([blank, Wide::exp(log_p(label))]);
        }
        p.push(blank);
    }

    /// For every state, the probability that a path is there after one more step and has had the right symbols so far.
    fn advance(&self, before: &[Wide], p: &[Wide], after: &mut Vec<Wide>) {
        after.clear();
        after.extend((0..self.states()).map(|state| Wide::sum(&before[self.predecessors(state)]).times(p[state])));
    }

    /// Calls `visit(step, class, p)` for every step and state, with the probability that a path of the text is in this
    /// state at this step. Nothing if there is no path.
    pub(super) fn visits(&self, log_p: impl Fn(usize, usize) -> f64, mut visit: impl FnMut(usize, usize, f64)) {
        let states = self.states();
        let (mut before, mut after, mut p) = (self.start(), Vec::with_capacity(states), Vec::with_capacity(states));
        // Every row of `advance`. In a tensor, because its size is checked.
        let rows = Tensor::<f64>::appended(&[self.steps, states, 2], |rows| {
            for step in 0..self.steps {
                self.emissions(|class| log_p(step, class), &mut p);
                self.advance(&before, &p, &mut after);
                rows.extend(after.iter().flat_map(|number| [number.m, number.e]));
                std::mem::swap(&mut before, &mut after);
            }
        });
        let rows = rows.as_slice().expect("row-major");
        let total = Wide::sum(&before[self.ends()]);
        if total == Wide::ZERO {
            return;
        }
        // For every state the probability of the symbols still to come.
        let mut to_come = vec![Wide::ZERO; states];
        to_come[self.ends()].fill(Wide::ONE);
        let mut from_here = Vec::with_capacity(states);
        for step in (0..self.steps).rev() {
            let row = &rows[2 * step * states..][..2 * states];
            for state in 0..states {
                let reached = Wide { m: row[2 * state], e: row[2 * state + 1] };
                visit(step, self.class(state), reached.times(to_come[state]).share_of(total));
            }
            self.emissions(|class| log_p(step, class), &mut p);
            from_here.clear();
            from_here.extend((0..states).map(|state| to_come[state].times(p[state])));
            for state in 0..states {
                // The states that have this one among their predecessors.
                let last = (state + 2).min(states - 1);
                let skipped = last == state + 2 && *self.predecessors(last).start() > state;
                to_come[state] = Wide::sum(&from_here[state..=if skipped { state + 1 } else { last }]);
            }
        }
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
