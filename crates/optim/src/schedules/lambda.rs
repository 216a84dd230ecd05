//! Any function of the epoch.

use std::fmt;
use std::sync::Arc;

use crate::{GroupRate, Schedule};

/// Any function of the epoch: `lr(t) = base · f(t)`.
///
/// It overwrites the rate in force, as in PyTorch, so in a [`ChainedLr`](crate::ChainedLr) it undoes what comes before.
/// The function is not saved with the scheduler.
///
/// ```
/// use downhill_optim::{LambdaLr, Schedule};
/// let schedule = LambdaLr::new(|t| 1.0 / (1.0 + t as f64));
/// assert_eq!([0, 1, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25]);
/// ```
#[derive(Clone)]
pub struct LambdaLr(Arc<dyn Fn(u64) -> f64 + Send + Sync>);

impl LambdaLr {
    /// The schedule `base · f(t)`.
    pub fn new(f: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        LambdaLr(Arc::new(f))
    }
}

impl fmt::Debug for LambdaLr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LambdaLr(..)")
    }
}

impl Schedule for LambdaLr {
    fn name(&self) -> &'static str {
        "LambdaLr"
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some((self.0)(t))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        rate.base * (self.0)(t)
    }

    fn boxed(&self) -> Box<dyn Schedule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::expect;

    #[test]
    fn the_function_times_the_base_rate() {
        expect(LambdaLr::new(|t| if t == 2 { 0.0 } else { t as f64 }), &[0.0, 0.1, 0.0, 0.3]);
    }
}
