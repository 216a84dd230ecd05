//! Exponential decay of the learning rate.

use crate::options::{OptionError, non_negative};
use crate::schedule::bounded;
use crate::{Options, Schedule};

/// Exponential decay: multiplies the learning rate by γ every epoch, `lr(t) = base · γᵗ`.
///
/// ```
/// use downhill_optim::{ExponentialLr, Schedule};
/// let schedule = ExponentialLr { gamma: 0.5 };
/// assert_eq!([0, 1, 2].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct ExponentialLr {
    /// The factor γ. Required: there is no default.
    #[options(default = f64::NAN)]
    pub gamma: f64,
}

impl Schedule for ExponentialLr {
    fn check(&self) -> Result<(), OptionError> {
        non_negative("ExponentialLr", &[("gamma", self.gamma)])
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some(bounded(self.gamma.powf(t as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn falls_every_epoch() {
        expect(ExponentialLr { gamma: 0.5 }, &[0.1, 0.05, 0.025, 0.0125]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(ExponentialLr::default(), "ExponentialLr: gamma must be ≥ 0, got NaN");
        refused(ExponentialLr { gamma: -0.5 }, "ExponentialLr: gamma must be ≥ 0, got -0.5");
    }
}
