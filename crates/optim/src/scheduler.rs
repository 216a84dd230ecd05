//! The driver of schedules.

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
///     // ... train with the rate for this epoch ...
///     assert_eq!(opt.lr(), if epoch < 10 { 0.1 } else { 0.05 });
///     scheduler.step(&mut opt);
/// }
/// ```
///
/// The rate of every group when its first schedule is started is its base rate; the optimizer keeps it
/// ([`Optimizer::rebase_lr`] gives it another). The rate for
/// epoch 0 is set at once (a warm-up starts low). As in PyTorch, several schedulers may share an optimizer: those that
/// are multiples of the base rate multiply, the others overwrite.
#[derive(Clone, Debug)]
pub struct Scheduler {
    schedule: Box<dyn Schedule>,
    t: u64,
    /// What [`step_to`](Self::step_to) was given beyond `t`; the steps that follow keep it.
    fraction: f64,
}

/// The last epoch that can be counted: those beyond are not numbers of their own to an `f64`, and no training gets there.
pub(crate) const LAST: u64 = 1 << 53;

impl Scheduler {
    /// Starts a schedule: sets the rates for epoch 0.
    ///
    /// # Panics
    /// If an option is invalid, naming it, or the schedule gives a rate that is negative or not finite.
    #[track_caller]
    pub fn new<F: Float>(schedule: impl Into<Box<dyn Schedule>>, opt: &mut Optimizer<F>) -> Self {
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
    /// If an option is invalid, naming it, or the schedule gives a rate that is negative or not finite. The optimizer
    /// is then unchanged.
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

    /// Ends an epoch: sets the rates for the next. After [`step_to`](Self::step_to) with a fraction, the rates for one
    /// epoch later, fraction and all.
    ///
    /// # Panics
    /// If the schedule needs a metric ([`step_with`](Self::step_with)), has come to its end, or gives a rate that is
    /// negative or not finite. Nothing has been changed then.
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
    /// If the schedule has come to its end, or gives a rate that is negative or not finite.
    #[track_caller]
    pub fn step_with<F: Float>(&mut self, opt: &mut Optimizer<F>, metric: impl Into<f64>) {
        self.schedule.observe(metric.into());
        self.advance(opt);
    }

    /// Sets the rates for any point in time, a fraction of an epoch if need be. For schedules made for it, such as
    /// [`CosineAnnealingWarmRestarts`](crate::CosineAnnealingWarmRestarts).
    ///
    /// # Panics
    /// If the schedule is not, or `t` is negative, not a number, or beyond 2⁵³.
    #[track_caller]
    pub fn step_to<F: Float>(&mut self, opt: &mut Optimizer<F>, t: f64) {
        let (name, schedule) = (self.schedule.name(), &self.schedule);
        assert!(schedule.lr_at_fraction(1.0, t).is_some(), "step_to: {name} has no rate for {t}; use `step`");
        assert!((0.0..LAST as f64).contains(&t), "step_to: {t} is not a time from 0 to 2^53");
        if let Err(error) = self.apply(opt, t as u64, |rate| schedule.lr_at_fraction(rate.base, t).unwrap_or(rate.lr)) {
            panic!("step_to: {error}");
        }
        (self.t, self.fraction) = (t as u64, t.fract());
    }

    /// The epoch whose rates are in force, without the fraction of [`step_to`](Self::step_to).
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
        assert!(t <= LAST, "step: {t} epochs cannot be counted");
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

    /// Sets rate and momentum of every group for epoch `t`; nothing if a rule does not take them.
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
            before.push((group.initial_lr, in_force, group.rule.momentum()));
            let base = *group.initial_lr.get_or_insert(in_force);
            let spared = self.schedule.spares_zero_momentum() && group.rule.momentum() == Some(0.0);
            let momentum = momentum.filter(|_| !spared && group.rule.momentum().is_some());
            let lr = lr(GroupRate { group: number, base, lr: in_force });
            let set = set(group, lr, momentum).map_err(|error| {
                // A rate of its own making is the schedule's fault, not the rule's.
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

/// Sets rate and momentum of a group, and looks whether its rule takes them: what is set here can be saved and loaded.
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

/// Puts back base rate, rate and momentum of the first groups.
fn restore_rates<F: Float>(opt: &mut Optimizer<F>, before: &[(Option<f64>, f64, Option<f64>)]) {
    for (group, &(initial_lr, lr, momentum)) in opt.groups.iter_mut().zip(before) {
        group.initial_lr = initial_lr;
        group.rule.set_lr(lr);
        if let Some(momentum) = momentum {
            group.rule.set_momentum(momentum);
        }
    }
}

/// That a schedule which sets the momentum finds one.
fn momentum_is_possible<F: Float>(schedule: &dyn Schedule, opt: &Optimizer<F>) -> Result<(), OptionError> {
    let cycled = schedule.momentum_at(0).is_some();
    let possible = opt.groups.iter().any(|group| group.rule.momentum().is_some());
    let must = || format!("false, as {} has neither momentum nor beta1", opt.groups[0].rule.name());
    require(possible || !cycled, schedule.name(), "cycle_momentum", must(), true)
}
