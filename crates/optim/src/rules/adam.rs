//! Adam: adaptive moment estimation.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Adam: adapts the step size of each element by running means of its gradient and its squared gradient.
///
/// ```text
/// g = ∇L + λ·p
/// m = β₁·m + (1 - β₁)·g
/// v = β₂·v + (1 - β₂)·g²
/// p = p - η · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
/// ```
///
/// With `amsgrad`, `v` in the last line is its maximum over all steps so far. With `decoupled`, λ is not added to the
/// gradient; instead, `p` is first multiplied by `1 - η·λ`: that is [`AdamW`](crate::AdamW).
///
/// The step size is about η however small the gradient, so Adam does not slow down near a minimum by itself: lower the
/// learning rate towards the end.
///
/// Kingma and Ba, arXiv 1412.6980; AMSGrad: Reddi et al., arXiv 1904.09237. As in PyTorch, AMSGrad takes the maximum of
/// the raw `v` and applies the bias correction afterwards (paper: no correction; optax: the maximum of corrected
/// values), and ε is added outside the square root, after the bias correction (TensorFlow: before it, "ε hat" in the
/// paper).
///
/// ```
/// use downhill_optim::{Adam, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([1.0_f64, -1000.0]);
/// let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((w.view()[0] - 0.9).abs() < 1e-8 && (w.view()[1] + 999.9).abs() < 1e-8);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct Adam {
    /// The learning rate η.
    #[options(default = 1e-3)]
    pub lr: f64,
    /// The decay rate of the running mean of gradients (first moment), β₁.
    #[options(default = 0.9)]
    pub beta1: f64,
    /// The decay rate of the running mean of squared gradients (second moment), β₂.
    #[options(default = 0.999)]
    pub beta2: f64,
    /// Added to the denominator for numerical stability, ε.
    #[options(default = 1e-8)]
    pub eps: f64,
    /// The weight decay λ.
    pub weight_decay: f64,
    /// Use decoupled weight decay, applied to the parameter rather than added to the gradient.
    pub decoupled: bool,
    /// AMSGrad: divide by the maximum of all second moments so far.
    pub amsgrad: bool,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Adam {
    fields!(Adam, momentum = beta1, keeps = ["exp_avg", "exp_avg_sq"], sometimes = ["max_exp_avg_sq"]);

    fn check(&self) -> Result<(), OptionError> {
        self.check_as("Adam")
    }
}

impl<F: Float> ParamRule<F> for Adam {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let step = self.lr / (1.0 - param.power(self.beta1, t));
        let correction = 1.0 / (1.0 - param.power(self.beta2, t)).sqrt();
        let (coupled, kept) =
            if self.decoupled { (0.0, 1.0 - self.lr * self.weight_decay) } else { (self.weight_decay, 1.0) };
        let [beta1, new1, beta2, new2] = [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let [step, correction, coupled, kept] = [step, correction, coupled, kept].map(F::from_f64);
        let eps = epsilon::<F>(self.eps);
        let (mean, square) = (cut::mean(step), cut::square(1.0 - self.beta2, self.eps * self.eps));
        let sign = sign::<F>(self.maximize);
        let means = move |p: F, g: F, m: F, v: F| {
            let g = sign * g + coupled * p;
            (beta1 * m + new1 * g, beta2 * v + new2 * g * g)
        };
        let new = move |p: F, m: F, v: F| kept * p - step * m / (v.sqrt() * correction + eps);
        if self.amsgrad {
            let buffers = [("exp_avg", mean), ("exp_avg_sq", square), ("max_exp_avg_sq", square)];
            param.each_cutting(buffers, move |p, g, [m, v, largest]| {
                let (m, v) = means(p, g, m, v);
                let largest = largest.max(v);
                (new(p, m, largest), [m, v, largest])
            });
        } else {
            param.each_cutting([("exp_avg", mean), ("exp_avg_sq", square)], move |p, g, [m, v]| {
                let (m, v) = means(p, g, m, v);
                (new(p, m, v), [m, v])
            });
        }
    }
}

impl Adam {
    pub(super) fn check_as(&self, name: &'static str) -> Result<(), OptionError> {
        non_negative(name, &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction(name, &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

compiled!(fn(&Adam, &mut ParamUpdate<'_, F>) = <Adam as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let adam = Adam { lr: 0.1, ..Adam::default() };
        expect(adam.clone(), 5, [0.507963661927, 0.507963657134]);
        let all = Adam { weight_decay: 0.01, amsgrad: true, ..adam.clone() };
        expect(all, 5, [0.507963661874, 0.507963657134]);
        expect(Adam { weight_decay: 0.01, decoupled: true, ..adam }, 5, [0.504080092747, 0.504080087961]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Adam { beta2: 1.0, ..Adam::default() }, "Adam: beta2 must be in [0, 1), got 1");
        refused(Adam { eps: -1e-8, ..Adam::default() }, "Adam: eps must be ≥ 0, got -0.00000001");
    }
}
