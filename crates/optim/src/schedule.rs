//! The trait of all schedules, built-in and custom.

use std::fmt;

use crate::options::{OptionError, Options};
use crate::text::{TextError, put_together, take_apart};

/// How the learning rate (and with cyclic schedules the momentum) changes over time.
///
/// A schedule is a small struct of options; a [`Scheduler`](crate::Scheduler) applies it to an optimizer. The time `t`
/// counts the scheduler's steps, which may be epochs or batches: the learning rate *for* epoch `t` is used during that
/// epoch, and the one for epoch 0 from the start.
///
/// A schedule can also be evaluated as a function of `t`, for plotting:
///
/// ```
/// use downhill_optim::{Schedule, StepLr};
/// let schedule = StepLr { step_size: 2, gamma: 0.5 };
/// let rates: Vec<f64> = (0..6).filter_map(|t| schedule.lr_at(0.8, t)).collect();
/// assert_eq!(rates, [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]);
/// ```
///
/// A custom schedule is `Clone`, derives [`Options`](derive@crate::Options), and needs one method if the learning rate
/// is a multiple of the base learning rate:
///
/// ```
/// use downhill_optim::{Optimizer, Options, Schedule, Scheduler, Sgd};
///
/// #[derive(Clone, Debug, Options)]
/// struct InverseRoot {
///     #[options(default = 2.0)]
///     root: f64,
///     #[options(default = 1.0)]
///     speed: f64,
/// }
///
/// impl Schedule for InverseRoot {
///     fn factor(&self, t: u64) -> Option<f64> { Some((1.0 + self.speed * t as f64).powf(-1.0 / self.root)) }
/// }
///
/// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
/// let mut scheduler = Scheduler::new(InverseRoot::from_text("inverse_root:speed=2.5")?, &mut opt);
/// for _ in 0..6 {
///     scheduler.step(&mut opt);
/// }
/// assert!((opt.lr() - 0.025).abs() < 1e-15);
///
/// // Its options are saved and loaded like those of any other schedule.
/// let saved = scheduler.state_dict(&opt);
/// let mut resumed = Scheduler::new(InverseRoot::default(), &mut opt);
/// resumed.load_state_dict(&saved, &mut opt).unwrap();
/// assert_eq!(resumed.schedule().option("speed").unwrap(), "2.5");
/// assert_eq!(resumed.schedule().to_string(), "InverseRoot:root=2.0,speed=2.5");
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
///
/// A schedule chosen at run time is a `Box<dyn Schedule>`; everything that takes a schedule accepts one
/// (`impl Into<Box<dyn Schedule>>`). The box itself does not implement `Schedule`, so it cannot forget to forward a
/// method.
pub trait Schedule: Options + BoxedSchedule + fmt::Debug + Send + Sync {
    /// Whether the options are valid. Required options have an invalid default.
    ///
    /// # Errors
    /// With the first invalid option.
    fn check(&self) -> Result<(), OptionError> {
        Ok(())
    }

    /// The learning rate for epoch `t` as a multiple of the base learning rate; `None` if it is not a multiple. Must
    /// not be negative: a [`Scheduler`](crate::Scheduler) rejects a learning rate that is negative, infinite or NaN.
    fn factor(&self, _t: u64) -> Option<f64> {
        None
    }

    /// The learning rate for epoch `t` (of the first group) as a function of `t` and of the base learning rate; `None`
    /// if there is no such function, for example because it depends on a metric.
    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(bounded(base * self.factor(t)?))
    }

    /// [`lr_at`](Self::lr_at) for a fraction of an epoch; `None` before epoch 0 or if the schedule does not support it.
    fn lr_at_fraction(&self, _base: f64, _t: f64) -> Option<f64> {
        None
    }

    /// The momentum or `beta1` for epoch `t`; `None` to leave it alone.
    fn momentum_at(&self, _t: u64) -> Option<f64> {
        None
    }

    /// Whether a momentum of 0 is left alone where [`momentum_at`](Self::momentum_at) would set it.
    fn spares_zero_momentum(&self) -> bool {
        false
    }

    /// The learning rate of a group for epoch `t`, given the one for epoch `t - 1`.
    ///
    /// Schedules with a [`factor`](Self::factor) multiply the current learning rate, so that they follow changes from
    /// outside and can be chained ([`ChainedLr`](crate::ChainedLr)); others overwrite it unless they override this
    /// method.
    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let Some(factor) = self.factor(t) else { return self.lr_at(rate.base, t).unwrap_or(rate.lr) };
        let before = if t == 0 { 1.0 } else { self.factor(t - 1).unwrap_or(1.0) };
        bounded(if factor == before {
            rate.lr
        } else if before == 0.0 || rate.lr == 0.0 && rate.base * before == 0.0 {
            // Zero cannot be scaled back up: start again from the base learning rate.
            rate.base * factor
        } else {
            rate.lr * bounded(factor / before)
        })
    }

    /// Whether every step needs a metric, such as the loss on validation data.
    fn needs_metric(&self) -> bool {
        false
    }

    /// Records the metric of an epoch.
    fn observe(&mut self, _metric: f64) {}

    /// The last epoch that has a learning rate; `None` if the schedule never ends.
    fn end(&self) -> Option<u64> {
        None
    }

    /// The schedules this one is composed of.
    fn parts(&self) -> &[Box<dyn Schedule>] {
        &[]
    }

    /// Mutable access to the schedules this one is composed of.
    fn parts_mut(&mut self) -> &mut [Box<dyn Schedule>] {
        &mut []
    }
}

/// The learning rate of a group, as passed to [`Schedule::next_lr`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRate {
    /// The index of the group.
    pub group: usize,
    /// The base learning rate.
    pub base: f64,
    /// The current learning rate.
    pub lr: f64,
}

/// Saturates at the largest finite number, so that a growing learning rate stays finite and can be saved.
pub(crate) fn bounded(lr: f64) -> f64 {
    if lr == f64::INFINITY { f64::MAX } else { lr }
}

/// Appends the schedule and its parts, each as text with every option written out.
pub(crate) fn save(schedule: &dyn Schedule, lines: &mut Vec<String>) {
    lines.push(put_together(schedule.name(), &schedule.options()));
    schedule.parts().iter().for_each(|part| save(&**part, lines));
}

/// The inverse of [`save`]; the error says what does not match.
pub(crate) fn restore(schedule: &mut dyn Schedule, lines: &mut std::slice::Iter<'_, String>) -> Result<(), TextError> {
    let line = lines.next().ok_or_else(|| TextError::Form(format!("no saved options for {}", schedule.name())))?;
    let (name, options) = take_apart(line);
    if name != schedule.name() {
        return Err(TextError::Form(format!("expected {}, got {name}", schedule.name())));
    }
    for (option, value) in options {
        // The parts are on separate lines; set as an option, they would replace the parts of this schedule.
        if option == "schedules" {
            return Err(TextError::Form(format!("the saved {name} lists its parts twice")));
        }
        schedule.set_option(option, value)?;
    }
    schedule.check()?;
    schedule.parts_mut().iter_mut().try_for_each(|part| restore(&mut **part, lines))
}

/// Cloning a boxed schedule: implemented for every schedule that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "the schedule `{Self}` cannot be cloned",
    note = "a schedule must be `Clone` and must not borrow: `#[derive(Clone, Debug, Options)]`"
)]
pub trait BoxedSchedule {
    /// A clone of the schedule, boxed.
    fn boxed(&self) -> Box<dyn Schedule>;
}

impl<S: Schedule + Clone + 'static> BoxedSchedule for S {
    fn boxed(&self) -> Box<dyn Schedule> {
        Box::new(self.clone())
    }
}

/// So that everything that takes a boxed schedule also takes a plain one.
impl<S: Schedule + 'static> From<S> for Box<dyn Schedule> {
    fn from(schedule: S) -> Self {
        Box::new(schedule)
    }
}

impl Clone for Box<dyn Schedule> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The schedule as text, with every option written out and its parts as the option `schedules`: parsing it gives an
/// equal schedule. (But the closure of a [`LambdaLr::new`](crate::LambdaLr::new) cannot be written.)
impl fmt::Display for dyn Schedule + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options = self.options();
        if !self.parts().is_empty() {
            let parts: Vec<String> = self.parts().iter().map(ToString::to_string).collect();
            options.insert(0, ("schedules", format!("[{}]", parts.join("; "))));
        }
        f.write_str(&put_together(self.name(), &options))
    }
}
