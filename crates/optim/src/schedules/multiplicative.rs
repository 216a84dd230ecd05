//! A learning rate multiplied by any function of the epoch.

use std::sync::Arc;

use super::function::Function;
use crate::options::OptionError;
use crate::schedule::bounded;
use crate::{GroupRate, Options, Schedule, TextError};

/// Multiplies the learning rate by a function of the epoch: `lr(t) = base · f(1) · f(2) ··· f(t)`; `f(0)` is not used.
///
/// A closure is not saved with the scheduler; a list of factors is. As text: `multiplicative:factors=[0.5,0.9]`.
///
/// ```
/// use downhill_optim::{MultiplicativeLr, Schedule};
/// let schedule = MultiplicativeLr::new(|t| if t < 3 { 0.5 } else { 1.0 });
/// assert_eq!([0, 1, 2, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25, 0.25]);
/// let schedule = MultiplicativeLr::from_factors([0.25, 0.5]);
/// assert_eq!([0, 1, 2, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.25, 0.125, 0.0625]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MultiplicativeLr {
    factors: Function,
}

impl MultiplicativeLr {
    /// The schedule that multiplies the learning rate by `f(t)` at epoch `t`.
    pub fn new(f: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        // Index 0 is epoch 1, as in a list of factors.
        MultiplicativeLr { factors: Function::Code(Arc::new(move |at| f(at + 1))) }
    }

    /// The schedule that multiplies the learning rate by these factors at epochs 1, 2, ...; the last one repeats.
    pub fn from_factors(factors: impl Into<Vec<f64>>) -> Self {
        MultiplicativeLr { factors: Function::Factors(factors.into()) }
    }
}

/// Implemented by hand because a closure cannot be written as text.
impl Options for MultiplicativeLr {
    fn name(&self) -> &'static str {
        "MultiplicativeLr"
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        self.factors.options()
    }

    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError> {
        self.factors.set_option("MultiplicativeLr", option, value)
    }
}

impl Schedule for MultiplicativeLr {
    fn check(&self) -> Result<(), OptionError> {
        self.factors.check("MultiplicativeLr")
    }

    /// The product of the first `t` factors; for a closure, only up to `t` = 2²⁰.
    fn factor(&self, t: u64) -> Option<f64> {
        self.factors.product(t)
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        if t == 0 { rate.lr } else { bounded(rate.lr * self.factors.value(t - 1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn factors_are_multiplied_up() {
        expect(MultiplicativeLr::new(|t| t as f64), &[0.1, 0.1, 0.2, 0.6, 2.4]);
        expect(MultiplicativeLr::from_factors([2.0, 0.5, 3.0]), &[0.1, 0.2, 0.1, 0.3, 0.9]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let message = "MultiplicativeLr: factors must be numbers ≥ 0, as in [1,0.5,0.1] \
                       (for any other function, use MultiplicativeLr::new in code), got []";
        refused(MultiplicativeLr::default(), message);
    }
}
