//! The rate falls with the root of time.

use crate::options::{OptionError, require};
use crate::{Options, Schedule};

/// The rate falls with the root of time: `lr(t) = base / √(1 + t/T)` with `T = timescale`.
///
/// (The source, and a doctest.)
#[derive(Clone, Debug, PartialEq, Options)]
pub struct InverseSqrtLr {
    /// After how many epochs the rate has fallen to 1/√2.
    #[options(default = 10)]
    pub timescale: u64,
}

impl Schedule for InverseSqrtLr {
    fn check(&self) -> Result<(), OptionError> {
        require(self.timescale > 0, "InverseSqrtLr", "timescale", "above 0", self.timescale)
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some(1.0 / (1.0 + t as f64 / self.timescale as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};

    /// One over the roots of 1, 2, 3, 4.
    #[test]
    fn values_by_hand() {
        expect(InverseSqrtLr { timescale: 1 }, &[0.1, 0.0707107, 0.0577350, 0.05]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(InverseSqrtLr { timescale: 0 }, "InverseSqrtLr: timescale must be above 0, got 0");
    }
}
