//! Step decay of the learning rate.

use crate::options::{OptionError, non_negative, require};
use crate::schedule::bounded;
use crate::{Options, Schedule};

/// Step decay: multiplies the learning rate by γ every `step_size` epochs, `lr(t) = base · γ^⌊t / step_size⌋`.
///
/// ```
/// use downhill_optim::{Schedule, StepLr};
/// let schedule = StepLr { step_size: 30, ..StepLr::default() };
/// assert_eq!([0, 29, 30].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 1.0, 0.1]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct StepLr {
    /// The number of epochs between two decays. Required: there is no default.
    pub step_size: u64,
    /// The factor γ.
    #[options(default = 0.1)]
    pub gamma: f64,
}

impl Schedule for StepLr {
    fn check(&self) -> Result<(), OptionError> {
        require(self.step_size > 0, "StepLr", "step_size", "above 0", self.step_size)?;
        non_negative("StepLr", &[("gamma", self.gamma)])
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some(bounded(self.gamma.powf((t / self.step_size) as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn falls_at_every_multiple() {
        expect(StepLr { step_size: 2, gamma: 0.5 }, &[0.1, 0.1, 0.05, 0.05, 0.025]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(StepLr::default(), "StepLr: step_size must be above 0, got 0");
    }
}
