//! Cosine annealing with warm restarts.

use std::f64::consts::PI;

use crate::options::{OptionError, non_negative, require};
use crate::{Options, Schedule};

/// Cosine annealing with warm restarts: the learning rate falls along half a cosine wave, jumps back up and falls
/// again, `lr = η + (base - η) · (1 + cos(π·c/Tᵢ)) / 2`, where `c` counts the epochs since the last restart, the next
/// restart comes after `Tᵢ` epochs, and `Tᵢ₊₁ = t_mult · Tᵢ`.
///
/// For fractions of an epoch, use [`Scheduler::step_to`](crate::Scheduler::step_to):
/// `scheduler.step_to(&mut opt, epoch as f64 + batch as f64 / batches as f64)`.
///
/// Loshchilov and Hutter (SGDR), arXiv 1608.03983.
///
/// ```
/// use downhill_optim::{CosineAnnealingWarmRestarts, Schedule};
/// let schedule = CosineAnnealingWarmRestarts { t_0: 2, t_mult: 2, ..Default::default() };
/// assert_eq!([0, 2, 6, 14].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0; 4]);
/// assert!((schedule.lr_at_fraction(1.0, 1.0).unwrap() - 0.5).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct CosineAnnealingWarmRestarts {
    /// The number of epochs until the first restart. Required: there is no default.
    pub t_0: u64,
    /// The factor by which each period is longer than the one before.
    #[options(default = 1)]
    pub t_mult: u64,
    /// The minimum learning rate, which is approached but not reached.
    pub eta_min: f64,
}

impl Schedule for CosineAnnealingWarmRestarts {
    fn check(&self) -> Result<(), OptionError> {
        require(self.t_0 > 0, "CosineAnnealingWarmRestarts", "t_0", "above 0", self.t_0)?;
        require(self.t_mult > 0, "CosineAnnealingWarmRestarts", "t_mult", "above 0", self.t_mult)?;
        non_negative("CosineAnnealingWarmRestarts", &[("eta_min", self.eta_min)])
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        self.lr_at_fraction(base, t as f64)
    }

    fn lr_at_fraction(&self, base: f64, t: f64) -> Option<f64> {
        if !(0.0..f64::INFINITY).contains(&t) {
            return None;
        }
        let (mut c, mut stretch, longer) = (t, self.t_0 as f64, self.t_mult as f64);
        // With equal periods, a remainder instead of one iteration per restart.
        if self.t_mult == 1 {
            c %= stretch;
        }
        while c >= stretch {
            c -= stretch;
            stretch *= longer;
        }
        Some(self.eta_min + (base - self.eta_min) * ((1.0 + (PI * c / stretch).cos()) / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let schedule = CosineAnnealingWarmRestarts { t_0: 3, t_mult: 2, eta_min: 0.0 };
        let stretches = [0.1, 0.075, 0.025, 0.1, 0.0933013, 0.075, 0.05, 0.025, 0.00669873, 0.1, 0.0982963];
        expect(schedule, &stretches);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(CosineAnnealingWarmRestarts::default(), "CosineAnnealingWarmRestarts: t_0 must be above 0, got 0");
    }

    #[test]
    fn there_is_no_rate_before_the_start_nor_at_no_time() {
        let schedule = CosineAnnealingWarmRestarts { t_0: 3, ..Default::default() };
        for t in [-1.0, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(schedule.lr_at_fraction(0.1, t), None, "{t}");
        }
        assert_eq!(schedule.lr_at_fraction(0.1, 0.0), Some(0.1));
    }
}
