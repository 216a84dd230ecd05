//! One trait for every schedule, the built-in ones and yours.

use std::fmt;

use crate::options::{OptionError, Options};
use crate::text::{TextError, put_together, take_apart};

/// How the learning rate (and with cyclic schedules the momentum) changes over time.
///
/// A schedule is a small struct of options; a [`Scheduler`](crate::Scheduler) applies it to an optimizer. Time `t` is
/// counted in whatever the scheduler is stepped by, epochs or batches: the rate *for* epoch `t` is in force while that
/// epoch runs, the rate for epoch 0 from the start.
///
/// Every schedule can be read as a function of `t`, for plotting:
///
/// ```
/// use downhill_optim::{Schedule, StepLr};
/// let schedule = StepLr { step_size: 2, gamma: 0.5 };
/// let rates: Vec<f64> = (0..6).filter_map(|t| schedule.lr_at(0.8, t)).collect();
/// assert_eq!(rates, [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]);
/// ```
///
/// Yours is `Clone`, derives [`Options`](derive@crate::Options), and needs one method if the rate is a multiple of the one
/// at the start:
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
/// // Its options are saved and loaded, as those of every schedule are.
/// let saved = scheduler.state_dict(&opt);
/// let mut resumed = Scheduler::new(InverseRoot::default(), &mut opt);
/// resumed.load_state_dict(&saved, &mut opt).unwrap();
/// assert_eq!(resumed.schedule().option("speed").unwrap(), "2.5");
/// assert_eq!(resumed.schedule().to_string(), "InverseRoot:root=2.0,speed=2.5");
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
///
/// A schedule chosen at run time is a `Box<dyn Schedule>`; whatever takes a schedule takes one
/// (`impl Into<Box<dyn Schedule>>`). The box itself implements nothing, so there is nothing it could forget to pass on.
pub trait Schedule: Options + BoxedSchedule + fmt::Debug + Send + Sync {
    /// Whether the options are valid. Options without a sensible default have one that does not pass.
    ///
    /// # Errors
    /// With the first option that does not.
    fn check(&self) -> Result<(), OptionError> {
        Ok(())
    }

    /// The rate for epoch `t` as a multiple of the rate at the start; `None` if it is no multiple. Never negative: a
    /// [`Scheduler`](crate::Scheduler) refuses a rate below 0, infinite or NaN.
    fn factor(&self, _t: u64) -> Option<f64> {
        None
    }

    /// The rate for epoch `t` (of the first group), as a function of `t` and of the rate at the start, `base`; `None` if
    /// it depends on a metric.
    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(bounded(base * self.factor(t)?))
    }

    /// [`lr_at`](Self::lr_at) for a fraction of an epoch; `None` unless the schedule is made for it, and before epoch 0.
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

    /// The rate for epoch `t` of a group, from the one in force for epoch `t - 1`.
    ///
    /// Multiples of the base rate multiply the rate in force, so that they follow changes from outside and can be
    /// chained ([`ChainedLr`](crate::ChainedLr)); other schedules overwrite it unless they say otherwise.
    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let Some(factor) = self.factor(t) else { return self.lr_at(rate.base, t).unwrap_or(rate.lr) };
        let before = if t == 0 { 1.0 } else { self.factor(t - 1).unwrap_or(1.0) };
        bounded(if factor == before {
            rate.lr
        } else if before == 0.0 || rate.lr == 0.0 && rate.base * before == 0.0 {
            // From nothing there is no way back but to the base rate.
            rate.base * factor
        } else {
            rate.lr * bounded(factor / before)
        })
    }

    /// Whether every step needs a metric, such as the loss on validation data.
    fn needs_metric(&self) -> bool {
        false
    }

    /// Takes note of the metric after an epoch.
    fn observe(&mut self, _metric: f64) {}

    /// The last epoch there is a rate for; `None` if it goes on for ever.
    fn end(&self) -> Option<u64> {
        None
    }

    /// The schedules this one is composed of.
    fn parts(&self) -> &[Box<dyn Schedule>] {
        &[]
    }

    /// The schedules this one is composed of, to be changed.
    fn parts_mut(&mut self) -> &mut [Box<dyn Schedule>] {
        &mut []
    }
}

/// The rate of a group, as a [`Schedule`] finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRate {
    /// The group's number.
    pub group: usize,
    /// The rate when the schedule was started.
    pub base: f64,
    /// The rate in force.
    pub lr: f64,
}

/// The largest finite number in place of infinity: where growth ends, so that a rate can always be written down.
pub(crate) fn bounded(lr: f64) -> f64 {
    if lr == f64::INFINITY { f64::MAX } else { lr }
}

/// The schedule and its parts, each as text with every option written out.
pub(crate) fn save(schedule: &dyn Schedule, lines: &mut Vec<String>) {
    lines.push(put_together(schedule.name(), &schedule.options()));
    schedule.parts().iter().for_each(|part| save(&**part, lines));
}

/// The opposite of [`save`]; the error says what does not match.
pub(crate) fn restore(schedule: &mut dyn Schedule, lines: &mut std::slice::Iter<'_, String>) -> Result<(), TextError> {
    let line = lines.next().ok_or_else(|| TextError::Form(format!("no saved options for {}", schedule.name())))?;
    let (name, options) = take_apart(line);
    if name != schedule.name() {
        return Err(TextError::Form(format!("the saved schedule is {name}, this one is {}", schedule.name())));
    }
    for (option, value) in options {
        // The parts have lines of their own; as an option they would replace this schedule by another.
        if option == "schedules" {
            return Err(TextError::Form(format!("the saved {name} lists its parts twice")));
        }
        schedule.set_option(option, value)?;
    }
    schedule.check()?;
    schedule.parts_mut().iter_mut().try_for_each(|part| restore(&mut **part, lines))
}

/// A copy of a schedule behind a pointer: implemented for every schedule that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "the schedule `{Self}` cannot be cloned",
    note = "a schedule must be `Clone` and must not borrow: `#[derive(Clone, Debug, Options)]`"
)]
pub trait BoxedSchedule {
    /// A copy of the schedule.
    fn boxed(&self) -> Box<dyn Schedule>;
}

impl<S: Schedule + Clone + 'static> BoxedSchedule for S {
    fn boxed(&self) -> Box<dyn Schedule> {
        Box::new(self.clone())
    }
}

/// So that whatever takes a schedule chosen at run time takes one chosen in the program, too.
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

/// The schedule as text, every option written out, its parts as the option `schedules`: reading it gives an equal
/// schedule. (But a function of code, as in [`LambdaLr::new`](crate::LambdaLr::new), cannot be written.)
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
