//! A learning rate given by any function of the epoch.

use std::sync::Arc;

use super::function::Function;
use crate::options::OptionError;
use crate::schedule::bounded;
use crate::{GroupRate, Options, Schedule, TextError};

/// The base learning rate times any function of the epoch: `lr(t) = base · f(t)`.
///
/// It overwrites the current learning rate, as in PyTorch, so in a [`ChainedLr`](crate::ChainedLr) it undoes the
/// schedules before it. A closure is not saved with the scheduler; a list of factors is. As text:
/// `lambda:factors=[1,0.5,0.1]`.
///
/// ```
/// use downhill_optim::{LambdaLr, Schedule};
/// let schedule = LambdaLr::new(|t| 1.0 / (1.0 + t as f64));
/// assert_eq!([0, 1, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25]);
/// let schedule = LambdaLr::from_factors([1.0, 0.5, 0.1]);
/// assert_eq!([0, 1, 2, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.1, 0.1]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LambdaLr {
    factors: Function,
}

impl LambdaLr {
    /// The schedule `base · f(t)`.
    pub fn new(f: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        LambdaLr { factors: Function::Code(Arc::new(f)) }
    }

    /// The schedule with these factors for epochs 0, 1, 2, ...; the last one repeats.
    pub fn from_factors(factors: impl Into<Vec<f64>>) -> Self {
        LambdaLr { factors: Function::Factors(factors.into()) }
    }
}

/// Implemented by hand because a closure cannot be written as text.
impl Options for LambdaLr {
    fn name(&self) -> &'static str {
        "LambdaLr"
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        self.factors.options()
    }

    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError> {
        self.factors.set_option("LambdaLr", option, value)
    }
}

impl Schedule for LambdaLr {
    fn check(&self) -> Result<(), OptionError> {
        self.factors.check("LambdaLr")
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some(self.factors.value(t))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        bounded(rate.base * self.factors.value(t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    #[test]
    fn the_function_times_the_base_rate() {
        expect(LambdaLr::new(|t| if t == 2 { 0.0 } else { t as f64 }), &[0.0, 0.1, 0.0, 0.3]);
        expect(LambdaLr::from_factors([2.0, 0.0, 3.0]), &[0.2, 0.0, 0.3, 0.3, 0.3]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let must = "numbers ≥ 0, as in [1,0.5,0.1] (for any other function, use LambdaLr::new in code)";
        refused(LambdaLr::default(), &format!("LambdaLr: factors must be {must}, got []"));
        refused(LambdaLr::from_factors([f64::NAN]), &format!("LambdaLr: factors must be {must}, got [NaN]"));
        refused(LambdaLr::from_factors([1.0, -0.5]), &format!("LambdaLr: factors must be {must}, got [1.0,-0.5]"));
    }
}
