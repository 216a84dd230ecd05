//! Stochastic gradient descent, with momentum.

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use super::options;
use crate::options::{OptionError, non_negative, require};
use crate::{ParamUpdate, Rule};

/// Stochastic gradient descent, with momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// The learning rate η.
    pub lr: f64,
    /// The momentum μ; 0 for none.
    pub momentum: f64,
    /// How much of a new gradient the momentum leaves out, δ.
    pub dampening: f64,
    /// The weight decay λ (an L2 penalty: it goes through the momentum).
    pub weight_decay: f64,
    /// Look ahead along the momentum.
    pub nesterov: bool,
    /// Go uphill.
    pub maximize: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, maximize: false }
    }
}

impl<F: Float> Rule<F> for Sgd {
    options!(Sgd, lr, momentum);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Sgd", &[("lr", self.lr), ("momentum", self.momentum), ("weight_decay", self.weight_decay)])?;
        let plain = self.momentum > 0.0 && self.dampening == 0.0;
        require(plain || !self.nesterov, "Sgd", "nesterov", "false without momentum or with dampening", self.nesterov)
    }

    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let first = param.state.buffer("momentum_buffer").is_none();
        // The buffer starts as a copy of the first gradient, which dampening leaves whole.
        let (keep, add) = if first { (0.0, 1.0) } else { (self.momentum, 1.0 - self.dampening) };
        let [lr, sign, decay] = [self.lr, if self.maximize { -1.0 } else { 1.0 }, self.weight_decay].map(F::from_f64);
        let [momentum, keep, add] = [self.momentum, keep, add].map(F::from_f64);
        if self.momentum == 0.0 {
            param.each([], |p, g, []| (p - lr * (sign * g + decay * p), []));
        } else if self.nesterov {
            param.each(["momentum_buffer"], |p, g, [b]| {
                let g = sign * g + decay * p;
                let b = keep * b + add * g;
                (p - lr * (g + momentum * b), [b])
            });
        } else {
            param.each(["momentum_buffer"], |p, g, [b]| {
                let b = keep * b + add * (sign * g + decay * p);
                (p - lr * b, [b])
            });
        }
    }
}
