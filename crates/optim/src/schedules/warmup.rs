//! Linear warm-up of the learning rate.

use crate::options::{OptionError, require};
use crate::{Options, Schedule, SequentialLr};

/// Linear warm-up: `lr(t) = base · min(1, (t + 1) / steps)`. It starts at `base / steps`, never at zero, and reaches
/// `base` at epoch `steps - 1`.
///
/// Goyal et al., arXiv 1706.02677. PyTorch's warm-up is [`LinearLr`](crate::LinearLr), which starts from a factor.
///
/// ```
/// use downhill_optim::{CosineAnnealingLr, Schedule, WarmupLr};
/// let cosine = CosineAnnealingLr { t_max: 95, ..CosineAnnealingLr::default() };
/// let schedule = WarmupLr { steps: 5 }.then(cosine);
/// assert_eq!([0, 1, 4, 5, 100].map(|t| schedule.lr_at(1.0, t).unwrap()), [0.2, 0.4, 1.0, 1.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Options)]
pub struct WarmupLr {
    /// How many epochs (or batches) the warm-up takes. Required: there is no default.
    pub steps: u64,
}

impl WarmupLr {
    /// The warm-up, followed by another schedule, which starts at its own epoch 0.
    pub fn then(self, schedule: impl Into<Box<dyn Schedule>>) -> SequentialLr {
        let steps = self.steps;
        SequentialLr::new(self).then(steps, schedule)
    }
}

impl Schedule for WarmupLr {
    fn check(&self) -> Result<(), OptionError> {
        require(self.steps > 0, "WarmupLr", "steps", "above 0", self.steps)
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some((t.saturating_add(1) as f64 / self.steps as f64).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn rises_from_one_share_to_all() {
        expect(WarmupLr { steps: 4 }, &[0.025, 0.05, 0.075, 0.1, 0.1]);
        expect(WarmupLr { steps: 1 }, &[0.1, 0.1]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(WarmupLr::default(), "WarmupLr: steps must be above 0, got 0");
    }
}
