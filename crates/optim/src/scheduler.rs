//! The scheduler: applies a schedule to an optimizer.

mod state;

pub use state::{SchedulerState, SchedulerStateError};

use downhill_tensor::Float;

use crate::optimizer::is_rate;
use crate::options::{OptionError, require};
use crate::{Group, GroupRate, Optimizer, Schedule};

/// Applies a [`Schedule`] to an [`Optimizer`].
///
/// ```
/// use downhill_optim::{Optimizer, Scheduler, Sgd, StepLr};
///
/// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
/// let mut scheduler = Scheduler::new(StepLr { step_size: 10, gamma: 0.5 }, &mut opt);
/// for epoch in 0..20 {
///     // ... train with the learning rate for this epoch ...
///     assert_eq!(opt.lr(), if epoch < 10 { 0.1 } else { 0.05 });
///     scheduler.step(&mut opt);
/// }
/// ```
///
/// The base learning rate of a group is the one it has when its first schedule is started; the optimizer stores it
/// ([`Optimizer::rebase_lr`] changes it). The learning rate for epoch 0 is set immediately, so that a warm-up starts
/// low. As in PyTorch, several schedulers may share an optimizer: schedules with a [`factor`](Schedule::factor)
/// multiply the learning rate, the others overwrite it.
#[derive(Clone, Debug)]
pub struct Scheduler {
    schedule: Box<dyn Schedule>,
    t: u64,
    /// The fractional part of the time given to [`step_to`](Self::step_to); later steps keep it.
    fraction: f64,
}

/// The last possible epoch: an `f64` cannot represent every integer beyond it, and no training gets that far.
pub(crate) const LAST: u64 = 1 << 53;

impl Scheduler {
    /// Starts a schedule: sets the learning rates for epoch 0.
    ///
    /// # Panics
    /// If an option is invalid, naming it, or the schedule gives a learning rate that is negative or not finite.
    #[track_caller]
    pub fn new<F: Float>(schedule: impl Into<Box<dyn Schedule>>, opt: &mut Optimizer<F>) -> Self {
        match Self::try_new(schedule, opt) {
            Ok(scheduler) => scheduler,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a schedule: sets the learning rates for epoch 0. For schedules from a command line:
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
    /// If an option is invalid, naming it, or the schedule gives a learning rate that is negative or not finite. The
    /// optimizer is then unchanged.
    pub fn try_new<F: Float>(
        schedule: impl Into<Box<dyn Schedule>>,
        opt: &mut Optimizer<F>,
    ) -> Result<Self, OptionError> {
        let schedule = schedule.into();
        schedule.check()?;
        momentum_is_possible(&*schedule, opt)?;
        let scheduler = Scheduler { schedule, t: 0, fraction: 0.0 };
        scheduler.apply(opt, 0, |rate| scheduler.schedule.next_lr(rate, 0))?;
        Ok(scheduler)
    }

    /// Ends an epoch: sets the learning rates for the next one. After [`step_to`](Self::step_to) with a fraction, that
    /// is one epoch later at the same fraction.
    ///
    /// # Panics
    /// If the schedule needs a metric ([`step_with`](Self::step_with)), has ended, or gives a learning rate that is
    /// negative or not finite. Scheduler and optimizer are then unchanged.
    #[track_caller]
    pub fn step<F: Float>(&mut self, opt: &mut Optimizer<F>) {
        assert!(
            !self.schedule.needs_metric(),
            "step: {} needs a metric; call `scheduler.step_with(&mut opt, validation_loss)`",
            self.schedule.name(),
        );
        self.advance(opt);
    }

    /// [`step`](Self::step) with a metric of the epoch, such as the validation loss. Schedules without one ignore it.
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
    /// If the schedule has ended, or gives a learning rate that is negative or not finite.
    #[track_caller]
    pub fn step_with<F: Float>(&mut self, opt: &mut Optimizer<F>, metric: impl Into<f64>) {
        // On a copy: a step that panics must not leave the metric behind.
        let mut next = self.clone();
        next.schedule.observe(metric.into());
        next.advance(opt);
        *self = next;
    }

    /// Sets the learning rates for any time `t`, which may be a fraction of an epoch, if the schedule supports it, as
    /// [`CosineAnnealingWarmRestarts`](crate::CosineAnnealingWarmRestarts) does.
    ///
    /// # Panics
    /// If the schedule does not support it, if `t` is negative, NaN, or 2⁵³ or more, or if the learning rate is
    /// negative or not finite.
    #[track_caller]
    pub fn step_to<F: Float>(&mut self, opt: &mut Optimizer<F>, t: f64) {
        let (name, schedule) = (self.schedule.name(), &self.schedule);
        assert!(
            schedule.lr_at_fraction(1.0, t).is_some(),
            "step_to: {name} has no learning rate at epoch {t}; use `step`"
        );
        assert!((0.0..LAST as f64).contains(&t), "step_to: the epoch must be below 2^53, got {t}");
        if let Err(error) = self.apply(opt, t as u64, |rate| schedule.lr_at_fraction(rate.base, t).unwrap_or(rate.lr)) {
            panic!("step_to: {error}");
        }
        (self.t, self.fraction) = (t as u64, t.fract());
    }

    /// The current epoch, without the fraction given to [`step_to`](Self::step_to).
    pub fn t(&self) -> u64 {
        self.t
    }

    /// The schedule, including the metrics it has observed.
    pub fn schedule(&self) -> &dyn Schedule {
        &*self.schedule
    }

    #[track_caller]
    fn advance<F: Float>(&mut self, opt: &mut Optimizer<F>) {
        let t = self.t + 1;
        assert!(t <= LAST, "step: the epoch must be at most 2^53, got {t}");
        if let Some(end) = self.schedule.end() {
            assert!(t <= end, "step: {} ends at step {end}, this is step {t}", self.schedule.name());
        }
        let (schedule, fraction) = (&self.schedule, self.fraction);
        let lr = |rate: GroupRate| match fraction {
            0.0 => schedule.next_lr(rate, t),
            _ => schedule.lr_at_fraction(rate.base, t as f64 + fraction).unwrap_or(rate.lr),
        };
        if let Err(error) = self.apply(opt, t, lr) {
            panic!("step: {error}");
        }
        self.t = t;
    }

    /// Sets the learning rate and momentum of every group for epoch `t`; changes nothing if a rule rejects them.
    fn apply<F: Float>(
        &self,
        opt: &mut Optimizer<F>,
        t: u64,
        lr: impl Fn(GroupRate) -> f64,
    ) -> Result<(), OptionError> {
        let momentum = self.schedule.momentum_at(t);
        let mut before = Vec::with_capacity(opt.groups.len());
        for number in 0..opt.groups.len() {
            let group = &mut opt.groups[number];
            let in_force = group.rule.lr();
            // To undo this group too if a later one fails.
            before.push((group.initial_lr, in_force, group.rule.momentum()));
            // The group's first schedule fixes its base learning rate.
            let base = *group.initial_lr.get_or_insert(in_force);
            let spared = self.schedule.spares_zero_momentum() && group.rule.momentum() == Some(0.0);
            let momentum = momentum.filter(|_| !spared && group.rule.momentum().is_some());
            let lr = lr(GroupRate { group: number, base, lr: in_force });
            let set = set(group, lr, momentum).map_err(|error| {
                // An invalid learning rate is the schedule's fault, not the rule's.
                if is_rate(lr) { error } else { OptionError { of: self.schedule.name(), ..error } }
            });
            if let Err(error) = set {
                restore_rates(opt, &before);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Sets the learning rate and momentum of a group and checks that its rule accepts them, so that they can be saved and
/// loaded.
fn set<F: Float>(group: &mut Group<F>, lr: f64, momentum: Option<f64>) -> Result<(), OptionError> {
    require(is_rate(lr), group.rule.name(), "lr", "a finite number ≥ 0", lr)?;
    group.rule.set_lr(lr);
    if let Some(momentum) = momentum {
        require(group.rule.momentum().is_some(), group.rule.name(), "momentum", "none", momentum)?;
        require(is_rate(momentum), group.rule.name(), "momentum", "a finite number ≥ 0", momentum)?;
        group.rule.set_momentum(momentum);
    }
    group.rule.check()
}

/// Restores base learning rate, learning rate and momentum of the first groups.
fn restore_rates<F: Float>(opt: &mut Optimizer<F>, before: &[(Option<f64>, f64, Option<f64>)]) {
    for (group, &(initial_lr, lr, momentum)) in opt.groups.iter_mut().zip(before) {
        group.initial_lr = initial_lr;
        group.rule.set_lr(lr);
        if let Some(momentum) = momentum {
            group.rule.set_momentum(momentum);
        }
    }
}

/// An error if the schedule sets the momentum but no group has one.
fn momentum_is_possible<F: Float>(schedule: &dyn Schedule, opt: &Optimizer<F>) -> Result<(), OptionError> {
    let cycled = schedule.momentum_at(0).is_some();
    let possible = opt.groups.iter().any(|group| group.rule.momentum().is_some());
    let must = || format!("false, because {} has neither momentum nor beta1", opt.groups[0].rule.name());
    require(possible || !cycled, schedule.name(), "cycle_momentum", must(), true)
}
