//! Any function of the epoch, multiplied up.

use std::fmt;
use std::sync::Arc;

use crate::{GroupRate, Schedule};

/// Any function of the epoch, multiplied up: `lr(t) = base · f(1) · f(2) ··· f(t)`. `f(0)` is never used.
///
/// The function is not saved with the scheduler.
///
/// ```
/// use downhill_optim::{MultiplicativeLr, Schedule};
/// let schedule = MultiplicativeLr::new(|t| if t < 3 { 0.5 } else { 1.0 });
/// assert_eq!([0, 1, 2, 3].map(|t| schedule.lr_at(1.0, t).unwrap()), [1.0, 0.5, 0.25, 0.25]);
/// ```
#[derive(Clone)]
pub struct MultiplicativeLr(Arc<dyn Fn(u64) -> f64 + Send + Sync>);

impl MultiplicativeLr {
    /// The schedule whose rate is multiplied by `f(t)` at epoch `t`.
    pub fn new(f: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        MultiplicativeLr(Arc::new(f))
    }
}

impl fmt::Debug for MultiplicativeLr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MultiplicativeLr(..)")
    }
}

impl Schedule for MultiplicativeLr {
    fn name(&self) -> &'static str {
        "MultiplicativeLr"
    }

    fn factor(&self, t: u64) -> Option<f64> {
        Some((1..=t).map(|t| (self.0)(t)).product())
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        if t == 0 { rate.lr } else { rate.lr * (self.0)(t) }
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
    fn factors_are_multiplied_up() {
        expect(MultiplicativeLr::new(|t| t as f64), &[0.1, 0.1, 0.2, 0.6, 2.4]);
    }
}
