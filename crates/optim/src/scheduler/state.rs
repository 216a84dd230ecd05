//! Saving a scheduler and resuming from the saved state.

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use super::{LAST, Scheduler, momentum_is_possible, restore_rates, set};
use crate::number::Number;
use crate::options::OptionError;
use crate::schedule::{restore, save};
use crate::{Group, Optimizer, Schedule, TextError};

/// Everything a [`Scheduler`] holds, and the learning rates it has set. `serde` writes it to any file format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchedulerState {
    /// The schedule and its parts as text, including the observed metrics.
    schedule: Vec<String>,
    t: u64,
    /// Base learning rate, current learning rate and momentum of every group.
    groups: Vec<SavedRates>,
    /// The fraction of an epoch beyond `t`.
    #[serde(default)]
    fraction: Number<f64>,
}

/// Base learning rate, current learning rate and momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SavedRates(Number<f64>, Number<f64>, Option<Number<f64>>);

/// Why a [`SchedulerState`] does not fit a scheduler or an optimizer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerStateError {
    /// The schedules differ, or the saved options cannot be read.
    #[error("the saved schedule does not fit: {0}")]
    Schedule(#[from] TextError),
    /// The number of groups differs.
    #[error("the number of groups differs: {saved} were saved, the optimizer has {here}")]
    Groups {
        /// The saved number of groups.
        saved: usize,
        /// This optimizer's number of groups.
        here: usize,
    },
    /// A group's rule rejects the saved learning rate or momentum.
    #[error("the saved schedule does not fit group \"{pattern}\": {source}")]
    Rate {
        /// The group's pattern.
        pattern: String,
        /// Why.
        source: OptionError,
    },
    /// The saved epoch is invalid.
    #[error("the saved epoch {0} is invalid: {1}")]
    Time(
        /// The saved epoch.
        f64,
        /// Why it is invalid.
        String,
    ),
}

impl Scheduler {
    /// A copy of everything, including the current learning rates.
    ///
    /// ```
    /// use downhill_optim::{ExponentialLr, Optimizer, Scheduler, Sgd};
    /// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
    /// let mut scheduler = Scheduler::new(ExponentialLr { gamma: 0.5 }, &mut opt);
    /// scheduler.step(&mut opt);
    /// let saved = scheduler.state_dict(&opt); // write it to a file with serde
    ///
    /// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
    /// let mut scheduler = Scheduler::new(ExponentialLr { gamma: 0.9 }, &mut opt);
    /// scheduler.load_state_dict(&saved, &mut opt)?;
    /// scheduler.step(&mut opt);
    /// assert_eq!(opt.lr(), 0.025);
    /// # Ok::<(), downhill_optim::SchedulerStateError>(())
    /// ```
    pub fn state_dict<F: Float>(&self, opt: &Optimizer<F>) -> SchedulerState {
        let mut schedule = Vec::new();
        save(&*self.schedule, &mut schedule);
        let group = |group: &Group<F>| {
            let lr = group.rule.lr();
            SavedRates(Number(group.initial_lr.unwrap_or(lr)), Number(lr), group.rule.momentum().map(Number))
        };
        let groups = opt.groups.iter().map(group).collect();
        SchedulerState { schedule, t: self.t, groups, fraction: Number(self.fraction) }
    }

    /// Resumes from `saved`, with the saved options and learning rates; before or after the optimizer's own state is
    /// loaded. Closures ([`LambdaLr::new`](crate::LambdaLr::new)) are not saved: this scheduler keeps its own.
    ///
    /// # Errors
    /// If the schedules or the numbers of groups differ, or if a saved option, learning rate, momentum or epoch is
    /// invalid. Scheduler and optimizer are then unchanged.
    pub fn load_state_dict<F: Float>(
        &mut self,
        saved: &SchedulerState,
        opt: &mut Optimizer<F>,
    ) -> Result<(), SchedulerStateError> {
        if saved.groups.len() != opt.groups.len() {
            return Err(SchedulerStateError::Groups { saved: saved.groups.len(), here: opt.groups.len() });
        }
        // Restore into a copy, so that an error leaves this scheduler unchanged.
        let mut schedule = self.schedule.clone();
        let mut lines = saved.schedule.iter();
        restore(&mut *schedule, &mut lines)?;
        if let Some(line) = lines.next() {
            return Err(TextError::Form(format!("{line} is not part of this schedule")).into());
        }
        schedule.check().and_then(|()| momentum_is_possible(&*schedule, opt)).map_err(TextError::from)?;
        saved.check_time(&*schedule)?;
        // Set the groups one by one; on an error, undo those already set.
        let mut before = Vec::with_capacity(opt.groups.len());
        for (number, &SavedRates(base, lr, momentum)) in saved.groups.iter().enumerate() {
            let group = &mut opt.groups[number];
            before.push((group.initial_lr, group.rule.lr(), group.rule.momentum()));
            let pattern = group.pattern.clone();
            // The rule must accept the base learning rate too, because schedules may return to it.
            let set = set(group, base.0, None).and_then(|()| set(group, lr.0, momentum.map(|momentum| momentum.0)));
            if let Err(source) = set {
                restore_rates(opt, &before);
                return Err(SchedulerStateError::Rate { pattern, source });
            }
            group.initial_lr = Some(base.0);
        }
        (self.schedule, self.t, self.fraction) = (schedule, saved.t, saved.fraction.0);
        Ok(())
    }
}

impl SchedulerState {
    /// An error unless the schedule has a learning rate at the saved time.
    fn check_time(&self, schedule: &dyn Schedule) -> Result<(), SchedulerStateError> {
        let t = self.t as f64 + self.fraction.0;
        let refused = |why: String| Err(SchedulerStateError::Time(t, why));
        if self.t > LAST || !(0.0..1.0).contains(&self.fraction.0) {
            return refused("the epoch must be at most 2^53, its fraction in [0, 1)".to_owned());
        }
        if self.fraction.0 != 0.0 && schedule.lr_at_fraction(1.0, t).is_none() {
            return refused(format!("{} has no learning rate at a fraction of an epoch", schedule.name()));
        }
        match schedule.end() {
            Some(end) if self.t > end => refused(format!("{} ends at epoch {end}", schedule.name())),
            _ => Ok(()),
        }
    }
}
