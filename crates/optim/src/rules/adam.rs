//! Adam.

use downhill_tensor::Float;
use serde::{Deserialize, Serialize};

use super::options;
use crate::options::{OptionError, fraction, non_negative};
use crate::{ParamUpdate, Rule};

/// Adam (arXiv 1412.6980): every element has its own step, from running means of its gradient and of the square.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// The learning rate η.
    pub lr: f64,
    /// How much of the mean of gradients is kept, β₁.
    pub beta1: f64,
    /// How much of the mean of squares is kept, β₂.
    pub beta2: f64,
    /// Keeps the division from zero, ε; outside the root.
    pub eps: f64,
    /// The weight decay λ: an L2 penalty, or if `decoupled` a shrinking by η·λ each step.
    pub weight_decay: f64,
    /// Weight decay beside the gradient instead of through it.
    pub decoupled: bool,
    /// Divide by the largest mean of squares so far.
    pub amsgrad: bool,
    /// Go uphill.
    pub maximize: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Adam {
            lr: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            amsgrad: false,
            maximize: false,
        }
    }
}

impl<F: Float> Rule<F> for Adam {
    options!(Adam, lr, beta1);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Adam", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction("Adam", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }

    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let step = self.lr / (1.0 - self.beta1.powf(t));
        let correction = (1.0 - self.beta2.powf(t)).sqrt();
        let (coupled, kept) =
            if self.decoupled { (0.0, 1.0 - self.lr * self.weight_decay) } else { (self.weight_decay, 1.0) };
        let [beta1, one_beta1, beta2, one_beta2] =
            [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let [step, correction, eps] = [step, correction, self.eps].map(F::from_f64);
        let [sign, coupled, kept] = [if self.maximize { -1.0 } else { 1.0 }, coupled, kept].map(F::from_f64);
        let moments = |p: F, g: F, m: F, v: F| {
            let g = sign * g + coupled * p;
            (beta1 * m + one_beta1 * g, beta2 * v + one_beta2 * g * g)
        };
        if self.amsgrad {
            param.each(["exp_avg", "exp_avg_sq", "max_exp_avg_sq"], |p, g, [m, v, x]| {
                let (m, v) = moments(p, g, m, v);
                let x = x.max(v);
                (kept * p - step * m / (x.sqrt() / correction + eps), [m, v, x])
            });
        } else {
            param.each(["exp_avg", "exp_avg_sq"], |p, g, [m, v]| {
                let (m, v) = moments(p, g, m, v);
                (kept * p - step * m / (v.sqrt() / correction + eps), [m, v])
            });
        }
    }
}
