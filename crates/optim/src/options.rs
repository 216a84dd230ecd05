//! Options of rules and schedules: names and validation.

use std::fmt;

use crate::option_value::OptionValue;
use crate::text::{TextError, same_name, take_apart};

/// Options by name, as text: how a rule or schedule is saved in a checkpoint, parsed from a command line, and searched over.
///
/// Derived, for built-in and custom types alike; see [the derive macro](derive@crate::Options).
///
/// ```
/// use downhill_optim::{Adam, Options};
/// let mut adam = Adam::from_text("adam:lr=0.01,betas=(0.8,0.99)")?;
/// assert_eq!((adam.lr, adam.beta2), (0.01, 0.99));
/// adam.set_option("amsgrad", "true")?;
/// assert!(adam.amsgrad);
/// assert_eq!(adam.option("beta1").unwrap(), "0.8");
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
pub trait Options {
    /// The name of the rule or schedule, which is its type's name.
    fn name(&self) -> &'static str;

    /// Every option by name, as text. What is not listed here is not saved, except that an optimizer always saves a rule's
    /// learning rate, and its momentum if nothing is listed.
    fn options(&self) -> Vec<(&'static str, String)>;

    /// Sets an option by name.
    ///
    /// # Errors
    /// If there is no such option, or the text is not a valid value for it.
    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError>;

    /// An option by name, as text; `None` if there is no such option.
    fn option(&self, option: &str) -> Option<String> {
        self.options().into_iter().find(|(known, _)| *known == option).map(|(_, value)| value)
    }

    /// Parses text such as `adam:lr=0.01,amsgrad`: the name, case-insensitive, and the options that differ from the
    /// defaults. Whether the values are in range is checked where they are used
    /// ([`Optimizer::try_new`](crate::Optimizer::try_new), [`Scheduler::try_new`](crate::Scheduler::try_new)).
    ///
    /// # Errors
    /// If the name differs, there is no such option, or the text is not a valid value for it.
    fn from_text(text: &str) -> Result<Self, TextError>
    where
        Self: Sized + Default,
    {
        let mut new = Self::default();
        let (name, options) = take_apart(text);
        if !same_name(name, new.name()) {
            return Err(TextError::Form(format!("expected the name {}, got `{name}`", new.name())));
        }
        for (option, value) in options {
            new.set_option(option, value)?;
        }
        Ok(new)
    }
}

/// An invalid option of a rule or a schedule.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{of}: {option} must be {must}, got {got}")]
pub struct OptionError {
    /// The type name of the rule or schedule.
    pub of: &'static str,
    /// The field.
    pub option: &'static str,
    /// What it must be.
    pub must: String,
    /// What it was.
    pub got: String,
}

/// An error unless `ok`. Callers write the condition so that NaN fails it.
pub(crate) fn require(
    ok: bool,
    of: &'static str,
    option: &'static str,
    must: impl Into<String>,
    got: impl fmt::Display,
) -> Result<(), OptionError> {
    if ok { Ok(()) } else { Err(OptionError { of, option, must: must.into(), got: got.to_string() }) }
}

/// An error unless every `(option, value)` is finite and not negative.
pub(crate) fn non_negative(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| {
        require(value != f64::INFINITY, of, option, "finite", value)?;
        require(value >= 0.0, of, option, "≥ 0", value)
    })
}

/// An error unless every `(option, value)` is finite and above 0.
pub(crate) fn positive(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| {
        require(value != f64::INFINITY, of, option, "finite", value)?;
        require(value > 0.0, of, option, "above 0", value)
    })
}

/// An error unless every number in a list, such as the learning rates of groups, is finite and not negative.
pub(crate) fn all_non_negative(of: &'static str, option: &'static str, list: &[f64]) -> Result<(), OptionError> {
    let fits = list.iter().all(|value| (0.0..f64::INFINITY).contains(value));
    require(fits, of, option, "finite numbers ≥ 0", list.to_vec().write())
}

/// An error unless every `(option, value)` is in [0, 1): the decay rate of a running mean.
pub(crate) fn fraction(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| require((0.0..1.0).contains(&value), of, option, "in [0, 1)", value))
}
