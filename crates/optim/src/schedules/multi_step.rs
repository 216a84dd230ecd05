//! Decay of the learning rate at given epochs.

use crate::options::{OptionError, non_negative};
use crate::schedule::bounded;
use crate::{Options, Schedule};

/// Multiplies the learning rate by γ at each milestone: `lr(t) = base · γ^(number of milestones ≤ t)`.
///
/// The milestones may be in any order; one that is listed twice counts twice, as in PyTorch.
///
/// ```
/// use downhill_optim::{MultiStepLr, Schedule};
/// let schedule = MultiStepLr { milestones: vec![30, 80], gamma: 0.5 };
/// assert_eq!([29, 30, 80].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct MultiStepLr {
    /// The epochs at which the learning rate is multiplied by γ.
    pub milestones: Vec<u64>,
    /// The factor γ.
    #[options(default = 0.1)]
    pub gamma: f64,
}

impl Schedule for MultiStepLr {
    fn check(&self) -> Result<(), OptionError> {
        non_negative("MultiStepLr", &[("gamma", self.gamma)])
    }

    fn factor(&self, t: u64) -> Option<f64> {
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= t).count();
        Some(bounded(self.gamma.powf(passed as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::expect;

    #[test]
    fn a_milestone_counts_as_often_as_it_comes() {
        let schedule = MultiStepLr { milestones: vec![4, 2, 2], gamma: 0.5 };
        expect(schedule, &[0.1, 0.1, 0.025, 0.025, 0.0125, 0.0125]);
    }
}
