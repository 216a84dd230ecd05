//! Several schedules at once.

use super::FAR;
use super::parse::list;
use super::sequential::check_parts;
use crate::options::{OptionError, require};
use crate::schedule::bounded;
use crate::{GroupRate, Options, Schedule, TextError};

/// Several schedules at once, each applied to the result of the one before, so that factors multiply.
///
/// Schedules that overwrite the learning rate ([`LambdaLr`](crate::LambdaLr), [`CyclicLr`](crate::CyclicLr),
/// [`OneCycleLr`](crate::OneCycleLr), [`CosineAnnealingWarmRestarts`](crate::CosineAnnealingWarmRestarts)) undo those
/// before them. This is PyTorch's `ChainedScheduler`. As text:
/// `chained:schedules=[constant:factor=0.5; exponential:gamma=0.9]`, or `constant:factor=0.5 * exponential:gamma=0.9`
/// for short.
///
/// ```
/// use downhill_optim::{ChainedLr, ConstantLr, ExponentialLr, Schedule};
/// let schedule = ChainedLr::new(ConstantLr { factor: 0.5, total_iters: 2 }).and(ExponentialLr { gamma: 0.5 });
/// let rates: Vec<f64> = (0..4).filter_map(|t| schedule.lr_at(1.0, t)).collect();
/// assert_eq!(rates, [0.5, 0.25, 0.25, 0.125]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChainedLr {
    /// The schedules. Required: there is no default.
    pub schedules: Vec<Box<dyn Schedule>>,
}

impl ChainedLr {
    /// A chain that starts with `schedule`.
    pub fn new(schedule: impl Into<Box<dyn Schedule>>) -> Self {
        ChainedLr { schedules: vec![schedule.into()] }
    }

    /// Adds `schedule` to the chain.
    pub fn and(mut self, schedule: impl Into<Box<dyn Schedule>>) -> Self {
        self.schedules.push(schedule.into());
        self
    }
}

/// Implemented by hand because the parts are saved separately from the options.
impl Options for ChainedLr {
    fn name(&self) -> &'static str {
        "ChainedLr"
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError> {
        if option != "schedules" {
            return Err(TextError::unknown_option("ChainedLr", option, &["schedules"]));
        }
        self.schedules = list("ChainedLr", value)?;
        Ok(())
    }
}

impl Schedule for ChainedLr {
    fn check(&self) -> Result<(), OptionError> {
        require(!self.schedules.is_empty(), "ChainedLr", "schedules", "at least one", 0)?;
        check_parts("ChainedLr", &self.schedules)
    }

    /// Steps through all epochs up to `t`, because a chain has no closed form. Beyond epoch 2²⁰ it is the product of
    /// the factors, if every schedule has one.
    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        if t > FAR {
            let factors = self.schedules.iter().map(|schedule| schedule.factor(t));
            return Some(bounded(base * bounded(factors.product::<Option<f64>>()?)));
        }
        let step = |lr, t| self.next_lr(GroupRate { group: 0, base, lr }, t);
        Some((0..=t).fold(base, step))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        self.schedules.iter().fold(rate.lr, |lr, schedule| schedule.next_lr(GroupRate { lr, ..rate }, t))
    }

    fn momentum_at(&self, t: u64) -> Option<f64> {
        self.schedules.iter().rev().find_map(|schedule| schedule.momentum_at(t))
    }

    fn spares_zero_momentum(&self) -> bool {
        self.schedules.iter().any(|schedule| schedule.spares_zero_momentum())
    }

    fn end(&self) -> Option<u64> {
        self.schedules.iter().filter_map(|schedule| schedule.end()).min()
    }

    fn parts(&self) -> &[Box<dyn Schedule>] {
        &self.schedules
    }

    fn parts_mut(&mut self) -> &mut [Box<dyn Schedule>] {
        &mut self.schedules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};
    use crate::{ExponentialLr, LambdaLr, ReduceLrOnPlateau, StepLr};

    #[test]
    fn factors_multiply_and_functions_overwrite() {
        let halve = || ExponentialLr { gamma: 0.5 };
        let step = StepLr { step_size: 2, gamma: 0.1 };
        expect(ChainedLr::new(halve()).and(step), &[0.1, 0.05, 0.0025, 0.00125]);
        expect(ChainedLr::new(halve()).and(LambdaLr::new(|_| 1.0)), &[0.1, 0.1, 0.1]);
        expect(ChainedLr::new(LambdaLr::new(|_| 1.0)).and(halve()), &[0.1, 0.05, 0.05]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(ChainedLr::default(), "ChainedLr: schedules must be at least one, got 0");
        let metric = ChainedLr::new(ReduceLrOnPlateau::default());
        refused(metric, "ChainedLr: schedules must be independent of a metric, got ReduceLrOnPlateau");
    }
}
