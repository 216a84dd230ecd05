//! A function of the epoch, for the schedules that take one.

use std::fmt;
use std::sync::Arc;

use super::FAR;
use crate::OptionValue;
use crate::options::{OptionError, require};
use crate::schedule::bounded;
use crate::text::TextError;

/// A function of the epoch: a closure, or a list of its values, which unlike a closure can be saved and parsed from a
/// command line.
#[derive(Clone)]
pub(super) enum Function {
    Code(Arc<dyn Fn(u64) -> f64 + Send + Sync>),
    /// The values for consecutive epochs; the last one repeats forever.
    Factors(Vec<f64>),
}

impl Function {
    /// The value at index `at`.
    pub(super) fn value(&self, at: u64) -> f64 {
        match self {
            Function::Code(f) => f(at),
            Function::Factors(list) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                *list.get(at).or(list.last()).unwrap_or(&f64::NAN)
            }
        }
    }

    /// The product of the first `count` values; for a closure, `None` if `count` is too large to call it that often.
    pub(super) fn product(&self, count: u64) -> Option<f64> {
        let Function::Factors(list) = self else {
            return (count <= FAR).then(|| bounded((0..count).map(|at| self.value(at)).product()));
        };
        // The listed values, then a power of the last one for all epochs beyond the list.
        let listed = (list.len() as u64).min(count);
        let product: f64 = list[..listed as usize].iter().product();
        let rest = self.value(count).powf((count - listed) as f64);
        Some(bounded(product * bounded(rest)))
    }

    /// An error for an empty list or an invalid value. `of` is the schedule's name; its `new` takes a closure.
    pub(super) fn check(&self, of: &'static str) -> Result<(), OptionError> {
        let Function::Factors(list) = self else { return Ok(()) };
        let must = format!("numbers ≥ 0, as in [1,0.5,0.1] (for any other function, use {of}::new in code)");
        let fits = !list.is_empty() && list.iter().all(|factor| (0.0..f64::INFINITY).contains(factor));
        require(fits, of, "factors", must, list.write())
    }

    /// A closure cannot be written as text.
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
    /// An empty list, which [`check`](Self::check) rejects.
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
