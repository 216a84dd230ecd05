//! Options of rules and schedules: their names, and that they make sense.

use std::fmt;

use crate::option_value::OptionValue;
use crate::text::{TextError, same_name, take_apart};

/// Options by name, as text: how a rule or schedule is written into a checkpoint and read back, put on a command line,
/// and searched over.
///
/// Derived, for ours as for yours; see [the derive](derive@crate::Options).
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
    /// The name of the rule or schedule, as its type is called.
    fn name(&self) -> &'static str;

    /// Every option by name, as text. What is not listed here is not saved, except that an optimiser saves a rule's rate,
    /// and if nothing is listed its momentum.
    fn options(&self) -> Vec<(&'static str, String)>;

    /// Sets an option by name.
    ///
    /// # Errors
    /// If there is no such option, or the text is no value for it.
    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError>;

    /// An option by name, as text; `None` if there is none of that name.
    fn option(&self, option: &str) -> Option<String> {
        self.options().into_iter().find(|(known, _)| *known == option).map(|(_, value)| value)
    }

    /// From a text such as `adam:lr=0.01,amsgrad`: the name, whose case does not matter, and the options that are not the
    /// defaults. Whether their values make sense is asked where they are used
    /// ([`Optimizer::try_new`](crate::Optimizer::try_new), [`Scheduler::try_new`](crate::Scheduler::try_new)).
    ///
    /// # Errors
    /// If the name is another, there is no such option, or the text is no value for it.
    fn from_text(text: &str) -> Result<Self, TextError>
    where
        Self: Sized + Default,
    {
        let mut new = Self::default();
        let (name, options) = take_apart(text);
        if !same_name(name, new.name()) {
            return Err(TextError::Form(format!("`{name}` is not the name {}", new.name())));
        }
        for (option, value) in options {
            new.set_option(option, value)?;
        }
        Ok(new)
    }
}

/// An option of a rule or a schedule that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{of}: {option} must be {must}, got {got}")]
pub struct OptionError {
    /// The rule or schedule, as its type is called.
    pub of: &'static str,
    /// The field.
    pub option: &'static str,
    /// What it must be.
    pub must: String,
    /// What it was.
    pub got: String,
}

/// An error unless `ok`. Written as a condition that NaN fails.
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

/// An error unless a list, such as the rates of groups, holds finite numbers that are not negative.
pub(crate) fn all_non_negative(of: &'static str, option: &'static str, list: &[f64]) -> Result<(), OptionError> {
    let fits = list.iter().all(|value| (0.0..f64::INFINITY).contains(value));
    require(fits, of, option, "finite numbers ≥ 0", list.to_vec().write())
}

/// An error unless every `(option, value)` is at least 0 and below 1: the decay of a running mean.
pub(crate) fn fraction(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| require((0.0..1.0).contains(&value), of, option, "in [0, 1)", value))
}
