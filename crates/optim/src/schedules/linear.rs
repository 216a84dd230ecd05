//! Linear change of the learning rate.

use crate::options::{OptionError, require};
use crate::{Options, Schedule};

/// Linear change of the learning rate from one factor to another:
/// `lr(t) = base · (start + (end - start) · min(t, T) / T)` with `T = total_iters`.
///
/// The usual warm-up, and with `start_factor: 1.0, end_factor: 0.0` a linear decay. A start factor of 0 is rejected, as
/// in PyTorch; [`WarmupLr`](crate::WarmupLr) starts at `base / steps`.
///
/// ```
/// use downhill_optim::{LinearLr, Schedule};
/// let schedule = LinearLr { start_factor: 0.5, total_iters: 4, ..LinearLr::default() };
/// assert_eq!([0, 2, 4, 9].map(|t| schedule.lr_at(1.0, t).unwrap()), [0.5, 0.75, 1.0, 1.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct LinearLr {
    /// The factor at the start.
    #[options(default = 1.0 / 3.0)]
    pub start_factor: f64,
    /// The factor from `total_iters` on.
    #[options(default = 1.0)]
    pub end_factor: f64,
    /// The number of epochs that the change takes.
    #[options(default = 5)]
    pub total_iters: u64,
}

impl Schedule for LinearLr {
    fn check(&self) -> Result<(), OptionError> {
        let start_fits = self.start_factor > 0.0 && self.start_factor <= 1.0;
        require(start_fits, "LinearLr", "start_factor", "in (0, 1]", self.start_factor)?;
        require((0.0..=1.0).contains(&self.end_factor), "LinearLr", "end_factor", "in [0, 1]", self.end_factor)?;
        require(self.total_iters > 0, "LinearLr", "total_iters", "above 0", self.total_iters)
    }

    fn factor(&self, t: u64) -> Option<f64> {
        if t >= self.total_iters {
            return Some(self.end_factor);
        }
        let done = t as f64 / self.total_iters as f64;
        Some(self.start_factor + (self.end_factor - self.start_factor) * done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(LinearLr::default(), &[0.0333333, 0.0466667, 0.06, 0.0733333, 0.0866667, 0.1, 0.1]);
    }

    #[test]
    fn down_to_zero_and_there_for_good() {
        let schedule = LinearLr { start_factor: 1.0, end_factor: 0.0, total_iters: 2 };
        expect(schedule, &[0.1, 0.05, 0.0, 0.0]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let schedule = LinearLr { start_factor: 0.0, ..LinearLr::default() };
        refused(schedule, "LinearLr: start_factor must be in (0, 1], got 0");
        let schedule = LinearLr { start_factor: 1.005, ..LinearLr::default() };
        refused(schedule, "LinearLr: start_factor must be in (0, 1], got 1.005");
        let schedule = LinearLr { end_factor: 1.005, ..LinearLr::default() };
        refused(schedule, "LinearLr: end_factor must be in [0, 1], got 1.005");
    }
}
