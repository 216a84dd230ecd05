//! Several schedules, one after another.

use super::parse::list;
use crate::options::{OptionError, require};
use crate::{GroupRate, OptionValue, Options, Schedule, TextError};

/// Several schedules, one after another: each milestone switches to the next one, **which starts at its own epoch 0
/// from the base learning rate**, wherever the previous one ended.
///
/// A schedule that ends before the next one takes over, as a [`OneCycleLr`](crate::OneCycleLr) may, stays at its last
/// learning rate until then (PyTorch raises an error).
///
/// This is PyTorch's `SequentialLR`; a [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) cannot be part of it. As text:
/// `sequential:schedules=[warmup:steps=5; cosine:t_max=95],milestones=[5]`, or `warmup:steps=5; 5: cosine:t_max=95` for
/// short.
///
/// ```
/// use downhill_optim::{ExponentialLr, LinearLr, Schedule, SequentialLr};
/// let warmup = LinearLr { start_factor: 0.5, total_iters: 2, ..LinearLr::default() };
/// let schedule = SequentialLr::new(warmup).then(2, ExponentialLr { gamma: 0.5 });
/// let rates: Vec<f64> = (0..5).filter_map(|t| schedule.lr_at(1.0, t)).collect();
/// assert_eq!(rates, [0.5, 0.75, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SequentialLr {
    /// The schedules. Required: there is no default.
    pub schedules: Vec<Box<dyn Schedule>>,
    /// The epochs at which the second schedule and those after it take over, in ascending order.
    pub milestones: Vec<u64>,
}

impl SequentialLr {
    /// A sequence that starts with `schedule`.
    pub fn new(schedule: impl Into<Box<dyn Schedule>>) -> Self {
        SequentialLr { schedules: vec![schedule.into()], milestones: Vec::new() }
    }

    /// Switches to `schedule` at epoch `milestone`.
    pub fn then(mut self, milestone: u64, schedule: impl Into<Box<dyn Schedule>>) -> Self {
        self.milestones.push(milestone);
        self.schedules.push(schedule.into());
        self
    }

    /// The schedule active at epoch `t`, and its own epoch.
    fn active(&self, t: u64) -> (&dyn Schedule, u64) {
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= t).count();
        let start = if passed == 0 { 0 } else { self.milestones[passed - 1] };
        (&*self.schedules[passed], t - start)
    }
}

/// Implemented by hand because the parts are saved separately from the options.
impl Options for SequentialLr {
    fn name(&self) -> &'static str {
        "SequentialLr"
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        vec![("milestones", self.milestones.write())]
    }

    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError> {
        match option {
            "schedules" => self.schedules = list("SequentialLr", value)?,
            "milestones" => self.milestones = OptionValue::read_option("SequentialLr", "milestones", value)?,
            _ => return Err(TextError::unknown_option("SequentialLr", option, &["schedules", "milestones"])),
        }
        Ok(())
    }
}

impl Schedule for SequentialLr {
    fn check(&self) -> Result<(), OptionError> {
        let (schedules, milestones) = (self.schedules.len(), self.milestones.len());
        require(schedules > 0, "SequentialLr", "schedules", "at least one", schedules)?;
        let must = format!("one more than the {milestones} milestones");
        require(schedules == milestones + 1, "SequentialLr", "schedules", must, schedules)?;
        let rising = self.milestones.is_sorted();
        require(rising, "SequentialLr", "milestones", "in ascending order", self.milestones.write())?;
        check_parts("SequentialLr", &self.schedules)
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        let (schedule, own) = self.active(t);
        schedule.lr_at(base, schedule.end().map_or(own, |end| own.min(end)))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let (schedule, own) = self.active(t);
        if schedule.end().is_some_and(|end| own > end) {
            return rate.lr;
        }
        let lr = if own == 0 && t > 0 { rate.base } else { rate.lr };
        schedule.next_lr(GroupRate { lr, ..rate }, own)
    }

    fn momentum_at(&self, t: u64) -> Option<f64> {
        let (schedule, own) = self.active(t);
        schedule.momentum_at(schedule.end().map_or(own, |end| own.min(end)))
    }

    fn spares_zero_momentum(&self) -> bool {
        self.schedules.iter().any(|schedule| schedule.spares_zero_momentum())
    }

    fn end(&self) -> Option<u64> {
        let start = self.milestones.last().copied().unwrap_or(0);
        Some(start.saturating_add(self.schedules.last()?.end()?))
    }

    fn parts(&self) -> &[Box<dyn Schedule>] {
        &self.schedules
    }

    fn parts_mut(&mut self) -> &mut [Box<dyn Schedule>] {
        &mut self.schedules
    }
}

/// Checks the parts of a composed schedule: each must be valid and must not need a metric.
pub(super) fn check_parts(of: &'static str, parts: &[Box<dyn Schedule>]) -> Result<(), OptionError> {
    for part in parts {
        part.check()?;
        require(!part.needs_metric(), of, "schedules", "independent of a metric", part.name())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};
    use crate::{ConstantLr, ExponentialLr, ReduceLrOnPlateau, StepLr};

    #[test]
    fn each_starts_from_the_base_rate() {
        let schedule = SequentialLr::new(ExponentialLr { gamma: 0.5 })
            .then(2, ConstantLr { factor: 0.5, total_iters: 1 })
            .then(4, StepLr { step_size: 1, gamma: 0.1 });
        expect(schedule, &[0.1, 0.05, 0.05, 0.1, 0.1, 0.01]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let one = || SequentialLr::new(ExponentialLr { gamma: 0.5 });
        refused(SequentialLr::default(), "SequentialLr: schedules must be at least one, got 0");
        let missing = SequentialLr { milestones: vec![3], ..one() };
        refused(missing, "SequentialLr: schedules must be one more than the 1 milestones, got 1");
        let falling = one().then(3, StepLr { step_size: 1, gamma: 0.1 }).then(2, StepLr { step_size: 1, gamma: 0.1 });
        refused(falling, "SequentialLr: milestones must be in ascending order, got [3,2]");
        let metric = one().then(3, ReduceLrOnPlateau::default());
        refused(metric, "SequentialLr: schedules must be independent of a metric, got ReduceLrOnPlateau");
        refused(one().then(3, StepLr::default()), "StepLr: step_size must be above 0, got 0");
    }
}
