//! Annealing to a constant learning rate for weight averaging.

use super::Anneal;
use crate::options::{OptionError, non_negative};
use crate::{GroupRate, Options, Schedule};

/// Anneals the learning rate to a constant, at which the weights are then averaged
/// ([`WeightAverage`](crate::WeightAverage)): `lr(t) = base·(1 - α) + swa_lr·α`, where `α` rises from 0 to 1 over
/// `anneal_epochs` epochs.
///
/// Start it when averaging is about to begin, or put it last in a [`SequentialLr`](crate::SequentialLr).
///
/// Izmailov et al., arXiv 1803.05407.
///
/// ```
/// use downhill_optim::{Anneal, Schedule, SwaLr};
/// let schedule = SwaLr { swa_lr: 0.5, anneal_epochs: 2, anneal: Anneal::Linear };
/// assert_eq!([0, 1, 2, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.75, 0.5, 0.5]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct SwaLr {
    /// The final learning rate. Required: there is no default.
    #[options(default = f64::NAN)]
    pub swa_lr: f64,
    /// How many epochs the transition takes.
    #[options(default = 10)]
    pub anneal_epochs: u64,
    /// The curve of the transition.
    pub anneal: Anneal,
}

impl SwaLr {
    /// The fraction of the transition completed at epoch `t`.
    fn done(&self, t: u64) -> f64 {
        if t >= self.anneal_epochs { 1.0 } else { self.anneal.progress(t as f64 / self.anneal_epochs as f64) }
    }
}

impl Schedule for SwaLr {
    fn check(&self) -> Result<(), OptionError> {
        non_negative("SwaLr", &[("swa_lr", self.swa_lr)])
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        let done = self.done(t);
        Some(base * (1.0 - done) + self.swa_lr * done)
    }

    /// Computed from the current learning rate, so that changes from outside are followed.
    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let before = if t == 0 { 0.0 } else { self.done(t - 1) };
        if before == 1.0 {
            return self.swa_lr;
        }
        let done = self.done(t);
        // lr = start·(1 - α) + swa_lr·α: scale the first term from the previous α to this one.
        let rest = (rate.lr - self.swa_lr * before) * ((1.0 - done) / (1.0 - before));
        (rest + self.swa_lr * done).clamp(0.0, f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let schedule = SwaLr { swa_lr: 0.02, anneal_epochs: 4, anneal: Anneal::Cos };
        expect(schedule, &[0.1, 0.0882843, 0.06, 0.0317157, 0.02, 0.02]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(SwaLr::default(), "SwaLr: swa_lr must be ≥ 0, got NaN");
    }
}
