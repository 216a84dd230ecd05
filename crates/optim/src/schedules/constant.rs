//! A reduced learning rate for the first epochs.

use crate::options::{OptionError, require};
use crate::{Options, Schedule};

/// A reduced learning rate for the first epochs: `lr(t) = base · factor` while `t < total_iters`, then `base`.
///
/// PyTorch divides by the factor at `total_iters`, so a factor of 0 fails there, and `total_iters: 0` multiplies but
/// never divides. Here the former continues with the base learning rate, and the latter has no effect.
///
/// ```
/// use downhill_optim::{ConstantLr, Schedule};
/// let schedule = ConstantLr { factor: 0.5, total_iters: 4 };
/// assert_eq!([0, 3, 4].map(|t| schedule.lr_at(1.0, t).unwrap()), [0.5, 0.5, 1.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct ConstantLr {
    /// The factor.
    #[options(default = 1.0 / 3.0)]
    pub factor: f64,
    /// The number of epochs with the reduced learning rate.
    #[options(default = 5)]
    pub total_iters: u64,
}

impl Schedule for ConstantLr {
    fn check(&self) -> Result<(), OptionError> {
        require((0.0..=1.0).contains(&self.factor), "ConstantLr", "factor", "in [0, 1]", self.factor)
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some(if t < self.total_iters { self.factor } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn ends_at_the_base_rate() {
        expect(ConstantLr { factor: 0.5, total_iters: 2 }, &[0.05, 0.05, 0.1, 0.1]);
        expect(ConstantLr { factor: 0.0, total_iters: 2 }, &[0.0, 0.0, 0.1, 0.1]);
        expect(ConstantLr { factor: 0.5, total_iters: 0 }, &[0.1, 0.1]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(ConstantLr { factor: 2.0, total_iters: 5 }, "ConstantLr: factor must be in [0, 1], got 2");
    }
}
