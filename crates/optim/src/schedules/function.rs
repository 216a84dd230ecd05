//! A function of the epoch, for the schedules that take one.

use std::fmt;
use std::sync::Arc;

use super::FAR;
use crate::OptionValue;
use crate::options::{OptionError, require};
use crate::schedule::bounded;
use crate::text::TextError;

/// A function of the epoch: code, or a list of its values, which can be written down and so saved and put on a command
/// line.
#[derive(Clone)]
pub(super) enum Function {
    Code(Arc<dyn Fn(u64) -> f64 + Send + Sync>),
    /// One value after the other; the last goes on for ever.
    Factors(Vec<f64>),
}

impl Function {
    /// The value number `at`.
    pub(super) fn value(&self, at: u64) -> f64 {
        match self {
            Function::Code(f) => f(at),
            Function::Factors(list) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                *list.get(at).or(list.last()).unwrap_or(&f64::NAN)
            }
        }
    }

    /// The product of the first `count` values; of code `None` if that is more than can be waited for.
    pub(super) fn product(&self, count: u64) -> Option<f64> {
        let Function::Factors(list) = self else {
            return (count <= FAR).then(|| bounded((0..count).map(|at| self.value(at)).product()));
        };
        let listed = (list.len() as u64).min(count);
        let product: f64 = list[..listed as usize].iter().product();
        let rest = self.value(count).powf((count - listed) as f64);
        Some(bounded(product * bounded(rest)))
    }

    /// An error for a list without values, of the schedule that is called `of` and made from code by `of::new`.
    pub(super) fn check(&self, of: &'static str) -> Result<(), OptionError> {
        let Function::Factors(list) = self else { return Ok(()) };
        let must = format!("numbers ≥ 0, as in [1,0.5,0.1] (any other function takes code, {of}::new)");
        let fits = !list.is_empty() && list.iter().all(|factor| (0.0..f64::INFINITY).contains(factor));
        require(fits, of, "factors", must, list.write())
    }

    /// Code is not an option that could be written down.
    pub(super) fn options(&self) -> Vec<(&'static str, String)> {
        match self {
            Function::Code(_) => Vec::new(),
            Function::Factors(list) => vec![("factors", list.write())],
        }
    }

    pub(super) fn set_option(&mut self, of: &'static str, option: &str, value: &str) -> Result<(), TextError> {
        if option != "factors" {
            return Err(TextError::unknown_option(of, option, &["factors"]));
        }
        *self = Function::Factors(OptionValue::read_option(of, "factors", value)?);
        Ok(())
    }
}

impl Default for Function {
    /// A list without values, which [`check`](Self::check) refuses.
    fn default() -> Self {
        Function::Factors(Vec::new())
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Function::Code(_) => f.write_str(".."),
            Function::Factors(list) => write!(f, "{list:?}"),
        }
    }
}
