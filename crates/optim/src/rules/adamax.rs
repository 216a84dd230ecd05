//! Adamax: Adam with the infinity norm.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Adamax: Adam with the infinity norm: a decaying maximum of `|g|` replaces the running mean of squares.
///
/// ```text
/// g = ∇L + λ·p
/// m = β₁·m + (1 - β₁)·g
/// u = max(β₂·u, |g| + ε)
/// p = p - η / (1 - β₁ᵗ) · m / u
/// ```
///
/// Kingma and Ba, arXiv 1412.6980, section 7.1. As in PyTorch, ε is inside the maximum (the paper has none; optax and
/// Keras add it to the denominator).
///
/// ```
/// use downhill_optim::{Adamax, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(Adamax { lr: 0.5, ..Adamax::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((w.item() - 4.5).abs() < 1e-8);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct Adamax {
    /// The learning rate η.
    #[options(default = 2e-3)]
    pub lr: f64,
    /// The decay rate of the running mean of gradients (first moment), β₁.
    #[options(default = 0.9)]
    pub beta1: f64,
    /// The decay rate of the maximum (infinity norm), β₂.
    #[options(default = 0.999)]
    pub beta2: f64,
    /// Keeps the denominator above 0, ε.
    #[options(default = 1e-8)]
    pub eps: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Adamax {
    fields!(Adamax, momentum = beta1, keeps = ["exp_avg", "exp_inf"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Adamax", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction("Adamax", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

impl<F: Float> ParamRule<F> for Adamax {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let step = self.lr / (1.0 - param.power(self.beta1, t));
        let [step, beta1, new, beta2] = [step, self.beta1, 1.0 - self.beta1, self.beta2].map(F::from_f64);
        let (eps, decay) = (epsilon::<F>(self.eps), F::from_f64(self.weight_decay));
        let sign = sign::<F>(self.maximize);
        // Never flush `exp_inf`: it is at least ε.
        param.each_cutting([("exp_avg", cut::mean(step)), ("exp_inf", F::zero())], move |p, g, [m, u]| {
            let g = sign * g + decay * p;
            let m = beta1 * m + new * g;
            let u = (beta2 * u).max(g.abs() + eps);
            (p - step * m / u, [m, u])
        });
    }
}

compiled!(fn(&Adamax, &mut ParamUpdate<'_, F>) = <Adamax as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(Adamax { lr: 0.1, ..Adamax::default() }, 5, [0.551553805051, 0.551553801470]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Adamax { beta1: 1.0, ..Adamax::default() }, "Adamax: beta1 must be in [0, 1), got 1");
    }
}
