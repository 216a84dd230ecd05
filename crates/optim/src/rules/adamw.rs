//! AdamW: Adam with decoupled weight decay.

use downhill_tensor::{Float, compiled};

use super::{Adam, fields};
use crate::options::OptionError;
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// [`Adam`] with decoupled weight decay: `p` is multiplied by `1 - η·λ`, then updated by Adam without decay.
///
/// In Adam, an L2 penalty is divided by `√v` like the gradient, so weights with large gradients hardly decay;
/// decoupled, all weights decay at the same rate. Note the default λ = 0.01.
///
/// Loshchilov and Hutter, arXiv 1711.05101. As in PyTorch, the decay is multiplied by the current learning rate, so a
/// schedule scales both (in the paper they are independent).
///
/// ```
/// use downhill_optim::{AdamW, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([10.0_f64]);
/// let mut opt = Optimizer::new(AdamW { lr: 0.1, weight_decay: 0.5, ..AdamW::default() });
/// let loss = (&w * 0.0).sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w.item(), 10.0 * (1.0 - 0.1 * 0.5));
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct AdamW {
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
    /// The weight decay λ, decoupled.
    #[options(default = 0.01)]
    pub weight_decay: f64,
    /// AMSGrad: divide by the maximum of all second moments so far.
    pub amsgrad: bool,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl AdamW {
    fn adam(&self) -> Adam {
        let &AdamW { lr, beta1, beta2, eps, weight_decay, amsgrad, maximize } = self;
        Adam { lr, beta1, beta2, eps, weight_decay, decoupled: true, amsgrad, maximize }
    }
}

impl<F: Float> Rule<F> for AdamW {
    fields!(AdamW, momentum = beta1, keeps = ["exp_avg", "exp_avg_sq"], sometimes = ["max_exp_avg_sq"]);

    fn check(&self) -> Result<(), OptionError> {
        self.adam().check_as("AdamW")
    }
}

impl<F: Float> ParamRule<F> for AdamW {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        self.adam().update(param);
    }
}

compiled!(fn(&AdamW, &mut ParamUpdate<'_, F>) = <AdamW as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::expect;

    #[test]
    fn matches_pytorch() {
        let rule = AdamW { lr: 0.1, weight_decay: 0.01, ..AdamW::default() };
        expect(rule, 5, [0.504080092747, 0.504080087961]);
    }
}
