//! Polynomial decay of the learning rate.

use crate::options::{OptionError, positive, require};
use crate::{Options, Schedule};

/// Polynomial decay to zero: `lr(t) = base · (1 - min(t, T) / T)^power` with `T = total_iters`.
///
/// ```
/// use downhill_optim::{PolynomialLr, Schedule};
/// let schedule = PolynomialLr { total_iters: 4, power: 2.0 };
/// assert_eq!([0, 2, 4, 9].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.25, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct PolynomialLr {
    /// The epoch at which the learning rate reaches zero.
    #[options(default = 5)]
    pub total_iters: u64,
    /// The exponent; 1 for linear decay.
    #[options(default = 1.0)]
    pub power: f64,
}

impl Schedule for PolynomialLr {
    fn check(&self) -> Result<(), OptionError> {
        require(self.total_iters > 0, "PolynomialLr", "total_iters", "above 0", self.total_iters)?;
        positive("PolynomialLr", &[("power", self.power)])
    }

    fn factor(&self, t: u64) -> Option<f64> {
        let done = t.min(self.total_iters) as f64 / self.total_iters as f64;
        Some((1.0 - done).powf(self.power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(PolynomialLr::default(), &[0.1, 0.08, 0.06, 0.04, 0.02, 0.0, 0.0]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let schedule = PolynomialLr { power: 0.0, ..PolynomialLr::default() };
        refused(schedule, "PolynomialLr: power must be above 0, got 0");
    }
}
