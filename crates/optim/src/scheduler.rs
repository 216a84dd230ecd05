//! The driver of schedules.

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use crate::options::{OptionError, require};
use crate::schedule::{restore, save};
use crate::{GroupRate, Optimizer, Schedule, TextError};

/// Applies a [`Schedule`] to an [`Optimizer`].
///
/// ```
/// use downhill_optim::{Optimizer, Scheduler, Sgd, StepLr};
///
/// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
/// let mut scheduler = Scheduler::new(StepLr { step_size: 10, gamma: 0.5 }, &mut opt);
/// for epoch in 0..20 {
///     // ... train with the rate for this epoch ...
///     assert_eq!(opt.lr(), if epoch < 10 { 0.1 } else { 0.05 });
///     scheduler.step(&mut opt);
/// }
/// ```
///
/// The rate of every group when its first schedule is started is its base rate; the optimiser keeps it. The rate for
/// epoch 0 is set at once (a warm-up starts low). As in PyTorch, several schedulers may share an optimiser: those that
/// are multiples of the base rate multiply, the others overwrite.
#[derive(Clone, Debug)]
pub struct Scheduler {
    schedule: Box<dyn Schedule>,
    t: u64,
}

/// Everything a [`Scheduler`] holds, and the rates it had set. With `serde` it goes into any file format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchedulerState {
    /// The schedule and its parts as text, what has been observed included.
    schedule: Vec<String>,
    t: u64,
    /// Base rate, rate in force and momentum of every group.
    groups: Vec<(f64, f64, Option<f64>)>,
}

/// Why a [`SchedulerState`] does not fit a scheduler or an optimiser.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerStateError {
    /// The schedule is another, or its options cannot be read.
    #[error("the saved schedule does not fit: {0}")]
    Schedule(#[from] TextError),
    /// The optimiser has more or fewer groups.
    #[error("the saved schedule was for {saved} groups, the optimiser has {here}")]
    Groups {
        /// How many there were.
        saved: usize,
        /// How many there are.
        here: usize,
    },
}

impl Scheduler {
    /// Starts a schedule: sets the rates for epoch 0.
    ///
    /// # Panics
    /// If an option makes no sense, naming it.
    #[track_caller]
    pub fn new<F: Float>(schedule: impl Schedule + 'static, opt: &mut Optimizer<F>) -> Self {
        match Self::try_new(schedule, opt) {
            Ok(scheduler) => scheduler,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a schedule: sets the rates for epoch 0. For schedules from a command line:
    ///
    /// ```
    /// # use downhill_optim::{Optimizer, Schedule, Scheduler};
    /// let mut opt: Optimizer = "sgd:lr=0.1".parse()?;
    /// let schedule: Box<dyn Schedule> = "cosine:t_max=10".parse()?;
    /// let scheduler = Scheduler::try_new(schedule, &mut opt)?;
    /// # Ok::<(), downhill_optim::TextError>(())
    /// ```
    ///
    /// # Errors
    /// If an option makes no sense, naming it. The optimiser is then unchanged.
    pub fn try_new<F: Float>(schedule: impl Schedule + 'static, opt: &mut Optimizer<F>) -> Result<Self, OptionError> {
        schedule.check()?;
        let cycled = schedule.momentum_at(0).is_some();
        let possible = opt.groups.iter().any(|group| group.rule.momentum().is_some());
        let must = || format!("false, as {} has neither momentum nor beta1", opt.groups[0].rule.name());
        require(possible || !cycled, schedule.name(), "cycle_momentum", must(), true)?;
        for group in &mut opt.groups {
            group.initial_lr.get_or_insert(group.rule.lr());
        }
        let scheduler = Scheduler { schedule: schedule.boxed(), t: 0 };
        scheduler.apply(opt, 0, |rate| scheduler.schedule.next_lr(rate, 0));
        Ok(scheduler)
    }

    /// Ends an epoch: sets the rates for the next.
    ///
    /// # Panics
    /// If the schedule needs a metric ([`step_with`](Self::step_with)), or has come to its end.
    #[track_caller]
    pub fn step<F: Float>(&mut self, opt: &mut Optimizer<F>) {
        assert!(
            !self.schedule.needs_metric(),
            "step: {} goes by a metric; write `scheduler.step_with(&mut opt, validation_loss)`",
            self.schedule.name(),
        );
        self.advance(opt);
    }

    /// [`step`](Self::step), telling the schedule a metric of the epoch, such as the loss on validation data. Schedules
    /// that do not go by a metric ignore it.
    ///
    /// ```
    /// use downhill_optim::{Optimizer, ReduceLrOnPlateau, Scheduler, Sgd};
    /// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
    /// let mut plateau = Scheduler::new(ReduceLrOnPlateau { patience: 1, ..Default::default() }, &mut opt);
    /// for loss in [3.0_f32, 2.0, 2.0, 2.0] {
    ///     plateau.step_with(&mut opt, loss);
    /// }
    /// assert!((opt.lr() - 0.01).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the schedule has come to its end.
    #[track_caller]
    pub fn step_with<F: Float>(&mut self, opt: &mut Optimizer<F>, metric: impl Into<f64>) {
        self.schedule.observe(metric.into());
        self.advance(opt);
    }

    /// Sets the rates for any point in time, a fraction of an epoch if need be. For schedules made for it, such as
    /// [`CosineAnnealingWarmRestarts`](crate::CosineAnnealingWarmRestarts).
    ///
    /// # Panics
    /// If the schedule is not.
    #[track_caller]
    pub fn step_to<F: Float>(&mut self, opt: &mut Optimizer<F>, t: f64) {
        let (name, schedule) = (self.schedule.name(), &self.schedule);
        assert!(schedule.lr_at_fraction(1.0, t).is_some(), "step_to: {name} has no rate for {t}; use `step`");
        self.apply(opt, t as u64, |rate| schedule.lr_at_fraction(rate.base, t).unwrap_or(rate.lr));
        self.t = t as u64;
    }

    /// The epoch whose rates are in force.
    pub fn t(&self) -> u64 {
        self.t
    }

    /// The schedule, with what it has observed.
    pub fn schedule(&self) -> &dyn Schedule {
        &*self.schedule
    }

    #[track_caller]
    fn advance<F: Float>(&mut self, opt: &mut Optimizer<F>) {
        let t = self.t + 1;
        if let Some(end) = self.schedule.end() {
            assert!(t <= end, "step: {} ends at step {end}, this is step {t}", self.schedule.name());
        }
        self.apply(opt, t, |rate| self.schedule.next_lr(rate, t));
        self.t = t;
    }

    /// Sets rate and momentum of every group for epoch `t`.
    fn apply<F: Float>(&self, opt: &mut Optimizer<F>, t: u64, lr: impl Fn(GroupRate) -> f64) {
        let momentum = self.schedule.momentum_at(t);
        for (number, group) in opt.groups.iter_mut().enumerate() {
            let base = *group.initial_lr.get_or_insert(group.rule.lr());
            group.rule.set_lr(lr(GroupRate { group: number, base, lr: group.rule.lr() }));
            let spared = self.schedule.spares_zero_momentum() && group.rule.momentum() == Some(0.0);
            if let (Some(momentum), false) = (momentum, spared) {
                group.rule.set_momentum(momentum);
            }
        }
    }

    /// A copy of everything, the rates in force included.
    ///
    /// ```
    /// use downhill_optim::{ExponentialLr, Optimizer, Scheduler, Sgd};
    /// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
    /// let mut scheduler = Scheduler::new(ExponentialLr { gamma: 0.5 }, &mut opt);
    /// scheduler.step(&mut opt);
    /// let saved = scheduler.state_dict(&opt); // goes into a file with serde
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
        let group = |group: &crate::Group<F>| {
            let lr = group.rule.lr();
            (group.initial_lr.unwrap_or(lr), lr, group.rule.momentum())
        };
        SchedulerState { schedule, t: self.t, groups: opt.groups.iter().map(group).collect() }
    }

    /// Goes on where `saved` stopped, with the saved options, and sets the rates that were in force; before or after
    /// the optimiser's own state is loaded. Functions made of code ([`LambdaLr::new`](crate::LambdaLr::new)) are not saved:
    /// this scheduler's stay.
    ///
    /// # Errors
    /// If the schedules or the numbers of groups differ. Scheduler and optimiser are then unchanged.
    pub fn load_state_dict<F: Float>(
        &mut self,
        saved: &SchedulerState,
        opt: &mut Optimizer<F>,
    ) -> Result<(), SchedulerStateError> {
        if saved.groups.len() != opt.groups.len() {
            return Err(SchedulerStateError::Groups { saved: saved.groups.len(), here: opt.groups.len() });
        }
        let mut schedule = self.schedule.clone();
        let mut lines = saved.schedule.iter();
        restore(&mut *schedule, &mut lines)?;
        if let Some(line) = lines.next() {
            return Err(TextError::Form(format!("{line} has no place in this one")).into());
        }
        for (group, &(base, lr, momentum)) in opt.groups.iter_mut().zip(&saved.groups) {
            group.initial_lr = Some(base);
            group.rule.set_lr(lr);
            if let Some(momentum) = momentum {
                group.rule.set_momentum(momentum);
            }
        }
        (self.schedule, self.t) = (schedule, saved.t);
        Ok(())
    }
}
