//! The rate falls by a factor every so many epochs.

use crate::Schedule;

/// `lr(t) = base · γ^⌊t / step_size⌋`.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLr {
    /// Epochs between two falls.
    pub step_size: u64,
    /// The factor γ.
    pub gamma: f64,
}

impl Default for StepLr {
    fn default() -> Self {
        StepLr { step_size: 30, gamma: 0.1 }
    }
}

impl Schedule for StepLr {
    fn name(&self) -> &'static str {
        "StepLr"
    }

    fn lr_at(&self, base: f64, t: u64) -> f64 {
        base * self.gamma.powf((t / self.step_size) as f64)
    }
}
