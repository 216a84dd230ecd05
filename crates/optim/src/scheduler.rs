//! The driver of schedules.

use downhill_tensor::Float;

use crate::{Optimizer, Schedule};

/// Applies a [`Schedule`] to an [`Optimizer`].
#[derive(Debug)]
pub struct Scheduler {
    schedule: Box<dyn Schedule>,
    t: u64,
}

impl Scheduler {
    /// Starts a schedule: epoch 0, whose rate is set at once.
    #[track_caller]
    pub fn new<F: Float>(schedule: impl Schedule + 'static, opt: &mut Optimizer<F>) -> Self {
        if let Err(error) = schedule.check() {
            panic!("{error}");
        }
        for group in &mut opt.groups {
            group.initial_lr.get_or_insert(group.rule.lr());
        }
        let scheduler = Scheduler { schedule: Box::new(schedule), t: 0 };
        scheduler.apply(opt);
        scheduler
    }

    /// Sets the rates for the next epoch.
    pub fn step<F: Float>(&mut self, opt: &mut Optimizer<F>) {
        self.t += 1;
        self.apply(opt);
    }

    fn apply<F: Float>(&self, opt: &mut Optimizer<F>) {
        for group in &mut opt.groups {
            let base = *group.initial_lr.get_or_insert(group.rule.lr());
            group.rule.set_lr(self.schedule.lr_at(base, self.t));
        }
    }
}
