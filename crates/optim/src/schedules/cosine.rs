//! Cosine annealing.

use std::f64::consts::PI;

use crate::options::{OptionError, non_negative, require};
use crate::{GroupRate, Options, Schedule};

/// Cosine annealing: the learning rate falls along half a cosine wave, `lr(t) = η + (base - η) · (1 + cos(π·t/T)) / 2`
/// with `T = t_max`, `η = eta_min`.
///
/// **After `t_max` it rises again**, with a period of `2·t_max`, as in PyTorch. `hold` keeps it at `eta_min`.
///
/// Loshchilov and Hutter, arXiv 1608.03983. With warm restarts:
/// [`CosineAnnealingWarmRestarts`](crate::CosineAnnealingWarmRestarts).
///
/// ```
/// use downhill_optim::{CosineAnnealingLr, Schedule};
/// let schedule = CosineAnnealingLr { t_max: 10, ..CosineAnnealingLr::default() };
/// assert_eq!([0, 10, 20].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.0, 1.0]);
/// let schedule = CosineAnnealingLr { hold: true, ..schedule };
/// assert_eq!([0, 10, 20].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Options)]
pub struct CosineAnnealingLr {
    /// The epoch at which the minimum is reached. Required: there is no default.
    pub t_max: u64,
    /// The minimum learning rate.
    pub eta_min: f64,
    /// Stay at the minimum from `t_max` on instead of rising again as in PyTorch.
    pub hold: bool,
}

impl CosineAnnealingLr {
    /// The height of the curve: 1 at epoch 0, 0 at `t_max`.
    fn height(&self, t: u64) -> f64 {
        let t = if self.hold { t.min(self.t_max) } else { (u128::from(t) % (2 * u128::from(self.t_max))) as u64 };
        (1.0 + (PI * t as f64 / self.t_max as f64).cos()) / 2.0
    }
}

impl Schedule for CosineAnnealingLr {
    fn check(&self) -> Result<(), OptionError> {
        require(self.t_max > 0, "CosineAnnealingLr", "t_max", "above 0", self.t_max)?;
        non_negative("CosineAnnealingLr", &[("eta_min", self.eta_min)])
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(self.eta_min + (base - self.eta_min) * self.height(t))
    }

    /// Multiplies the part above `eta_min`, so that schedules can be chained. If another schedule has pushed the
    /// learning rate below `eta_min`, that part is negative and grows on the way up; the result is clamped at 0.
    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let (before, now) = (self.height(t.saturating_sub(1)), self.height(t));
        let lr = if before == now {
            rate.lr
        } else if before == 0.0 {
            // Leaving the minimum: the part above it is 0 and cannot be multiplied.
            rate.lr + (rate.base - self.eta_min) * now
        } else {
            self.eta_min + (rate.lr - self.eta_min) * (now / before)
        };
        lr.clamp(0.0, f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let falling = [0.1, 0.0914058, 0.0689058, 0.0410942, 0.0185942, 0.01];
        let rising = [0.0185942, 0.0410942, 0.0689058, 0.0914058, 0.1];
        let schedule = CosineAnnealingLr { t_max: 5, eta_min: 0.01, hold: false };
        expect(schedule.clone(), &[&falling[..], &rising].concat());
        expect(CosineAnnealingLr { hold: true, ..schedule }, &[&falling[..], &[0.01; 8]].concat());
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(CosineAnnealingLr::default(), "CosineAnnealingLr: t_max must be above 0, got 0");
    }
}
