//! What rules and schedules share: options that make sense, and an error that names the one that does not.

use std::fmt;

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
    options.iter().try_for_each(|&(option, value)| require(value >= 0.0 && value.is_finite(), of, option, "≥ 0", value))
}

/// An error unless every `(option, value)` is at least 0 and below 1: the decay of a running average.
pub(crate) fn fraction(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| require((0.0..1.0).contains(&value), of, option, "in [0, 1)", value))
}
