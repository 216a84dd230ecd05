//! One rise, one long fall.

use super::{Anneal, fields};
use crate::options::{OptionError, require};
use crate::{GroupRate, Schedule};

/// The rate rises to `max_lr` and falls far below where it began, the momentum falls and rises, all in one cycle that
/// is as long as the training.
///
/// ```text
/// initial = max_lr / div_factor,   min = initial / final_div_factor,   N = total_steps
/// two phases,   ending at pct_start·N - 1 and N - 1:                       initial → max_lr → min
/// three phases, ending at pct_start·N - 1, 2·pct_start·N - 2 and N - 1:    initial → max_lr → initial → min
/// momentum: max_momentum → base_momentum → max_momentum (→ max_momentum)
/// ```
///
/// Counted in batches: `total_steps` is epochs times batches an epoch. The rate does not depend on the optimiser's own.
///
/// **The last rate is that of step `N - 1`.** As in PyTorch, a step more is accepted and gives a rate that goes on
/// beyond the end (with a cosine it bounces up), and the one after panics. `hold` stays at the last rate instead.
///
/// Smith and Topin, arXiv 1708.07120. As in PyTorch, whose default is the two phases of fastai; the paper has three,
/// linear.
///
/// ```
/// use downhill_optim::{OneCycleLr, Schedule};
/// let schedule = OneCycleLr { max_lr: 0.1, total_steps: 10, ..OneCycleLr::default() };
/// assert!((schedule.lr_at(0.0, 0).unwrap() - 0.004).abs() < 1e-15);
/// assert!((schedule.lr_at(0.0, 2).unwrap() - 0.1).abs() < 1e-15);
/// assert!((schedule.lr_at(0.0, 9).unwrap() - 4e-7).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycleLr {
    /// The highest rate. To be set: no default.
    pub max_lr: f64,
    /// The steps of the whole training, N. To be set: no default.
    pub total_steps: u64,
    /// The part of the steps in which the rate rises.
    pub pct_start: f64,
    /// The shape of the transitions.
    pub anneal: Anneal,
    /// Whether to set the momentum, or `beta1`.
    pub cycle_momentum: bool,
    /// The momentum at the highest rate.
    pub base_momentum: f64,
    /// The momentum at both ends.
    pub max_momentum: f64,
    /// How many times lower than the highest rate the first is.
    pub div_factor: f64,
    /// How many times lower than the first rate the last is.
    pub final_div_factor: f64,
    /// Fall as fast as rise, then to the end in a third phase.
    pub three_phase: bool,
    /// Stay at the last rate beyond the end, instead of PyTorch's bounce and error.
    pub hold: bool,
    /// The highest rate of every group; empty for `max_lr` in all.
    pub group_max_lrs: Vec<f64>,
}

impl Default for OneCycleLr {
    fn default() -> Self {
        OneCycleLr {
            max_lr: f64::NAN,
            total_steps: 0,
            pct_start: 0.3,
            anneal: Anneal::Cos,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
            hold: false,
            group_max_lrs: Vec::new(),
        }
    }
}

impl OneCycleLr {
    /// Where the way through `stations`, reached at the ends of the phases, is at step `t`.
    fn at(&self, t: u64, stations: [f64; 4]) -> f64 {
        let (steps, rise) = (self.total_steps as f64, self.pct_start * self.total_steps as f64);
        let last = if self.three_phase { 2 } else { 1 };
        let ends = if self.three_phase { [rise - 1.0, 2.0 * rise - 2.0, steps - 1.0] } else { [rise - 1.0, steps - 1.0, 0.0] };
        let t = if self.hold { t.min(self.total_steps - 1) } else { t } as f64;
        let phase = (0..last).find(|&phase| t <= ends[phase]).unwrap_or(last);
        let start = if phase == 0 { 0.0 } else { ends[phase - 1] };
        let length = ends[phase] - start;
        let progress = if length == 0.0 { 1.0 } else { self.anneal.progress((t - start) / length) };
        stations[phase] + (stations[phase + 1] - stations[phase]) * progress
    }
}

impl Schedule for OneCycleLr {
    fields!(OneCycleLr {
        max_lr,
        total_steps,
        pct_start,
        anneal,
        cycle_momentum,
        base_momentum,
        max_momentum,
        div_factor,
        final_div_factor,
        three_phase,
        hold,
        group_max_lrs
    });

    fn check(&self) -> Result<(), OptionError> {
        require(self.max_lr.is_finite(), "OneCycleLr", "max_lr", "a number", self.max_lr)?;
        require(self.total_steps > 0, "OneCycleLr", "total_steps", "above 0", self.total_steps)?;
        require((0.0..=1.0).contains(&self.pct_start), "OneCycleLr", "pct_start", "in [0, 1]", self.pct_start)?;
        require(self.div_factor > 0.0, "OneCycleLr", "div_factor", "above 0", self.div_factor)?;
        require(self.final_div_factor > 0.0, "OneCycleLr", "final_div_factor", "above 0", self.final_div_factor)
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(self.next_lr(GroupRate { group: 0, base, lr: base }, t))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let max = *self.group_max_lrs.get(rate.group).unwrap_or(&self.max_lr);
        let initial = max / self.div_factor;
        let min = initial / self.final_div_factor;
        self.at(t, if self.three_phase { [initial, max, initial, min] } else { [initial, max, min, min] })
    }

    fn momentum_at(&self, t: u64) -> Option<f64> {
        let (low, high) = (self.base_momentum, self.max_momentum);
        self.cycle_momentum.then(|| self.at(t, [high, low, high, high]))
    }

    fn end(&self) -> Option<u64> {
        (!self.hold).then_some(self.total_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, rates, refused};

    fn ten() -> OneCycleLr {
        OneCycleLr { max_lr: 0.1, total_steps: 10, ..OneCycleLr::default() }
    }

    const RATES: [f64; 10] =
        [0.004, 0.052, 0.1, 0.0950485, 0.0811746, 0.0611262, 0.0388742, 0.0188258, 0.00495194, 4e-07];

    #[test]
    fn numbers_of_pytorch() {
        expect(ten(), &RATES);
        let momenta = [0.95, 0.9, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048, 0.95];
        for (t, momentum) in momenta.into_iter().enumerate() {
            assert!((ten().momentum_at(t as u64).unwrap() - momentum).abs() < 1e-6, "step {t}");
        }
        let three = OneCycleLr { three_phase: true, anneal: Anneal::Linear, ..ten() };
        let rates = [0.004, 0.052, 0.1, 0.052, 0.004, 0.00320008, 0.00240016, 0.00160024, 0.00080032, 4e-07];
        expect(three, &rates);
    }

    #[test]
    fn held_beyond_the_end() {
        expect(OneCycleLr { hold: true, ..ten() }, &[&RATES[..], &[4e-07; 5]].concat());
    }

    #[test]
    #[should_panic(expected = "step: OneCycleLr ends at step 10, this is step 11")]
    fn beyond_the_end() {
        rates(ten(), 12);
    }

    #[test]
    fn one_step_too_many_bounces() {
        let rates = rates(ten(), 11);
        assert!(rates[10] > 100.0 * rates[9]);
    }

    #[test]
    fn options_that_make_no_sense() {
        refused(OneCycleLr { total_steps: 5, ..OneCycleLr::default() }, "OneCycleLr: max_lr must be a number, got NaN");
        refused(OneCycleLr { total_steps: 0, ..ten() }, "OneCycleLr: total_steps must be above 0, got 0");
    }
}
