//! One trait for every schedule, the built-in ones and yours.

use std::fmt;

use crate::options::OptionError;

/// How the learning rate (and with cyclic schedules the momentum) changes over time.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// The schedule's name, as its type is called.
    fn name(&self) -> &'static str;

    /// Whether the options make sense.
    ///
    /// # Errors
    /// With the first option that does not.
    fn check(&self) -> Result<(), OptionError> {
        Ok(())
    }

    /// The rate in force for epoch `t` of a group whose rate was `base` at the start, as a function of `t` alone.
    fn lr_at(&self, base: f64, t: u64) -> f64;
}
