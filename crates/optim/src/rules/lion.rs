//! Lion: evolved sign momentum.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::{cut, signum};
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Lion: a step by the sign of an interpolation between momentum and gradient.
///
/// ```text
/// c = β₁·m + (1 - β₁)·g
/// p = p·(1 - η·λ) - η·sign(c)
/// m = β₂·m + (1 - β₂)·g
/// ```
///
/// One buffer where Adam has two. Every element moves by η in every step, so choose η three to ten times smaller than
/// for Adam, and λ larger by the same factor. The sign of 0 is 0.
///
/// Chen et al., arXiv 2302.06675. Not in PyTorch; as in optax and the authors' code.
///
/// ```
/// use downhill_optim::{Lion, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64, -0.25]);
/// let mut opt = Optimizer::new(Lion { lr: 0.5, ..Lion::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w, Tensor::from([4.5, 0.25]));
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct Lion {
    /// The learning rate η.
    #[options(default = 1e-4)]
    pub lr: f64,
    /// The weight of the momentum in the interpolation, β₁.
    #[options(default = 0.9)]
    pub beta1: f64,
    /// The decay rate of the momentum, β₂.
    #[options(default = 0.99)]
    pub beta2: f64,
    /// The weight decay λ, decoupled.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Lion {
    fields!(Lion, momentum = beta1, keeps = ["exp_avg"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Lion", &[("lr", self.lr), ("weight_decay", self.weight_decay)])?;
        fraction("Lion", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

impl<F: Float> ParamRule<F> for Lion {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, kept] = [self.lr, 1.0 - self.lr * self.weight_decay].map(F::from_f64);
        let [beta1, new1, beta2, new2] = [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        // Flush only subnormal means: however small, a mean has a sign.
        param.each_cutting([("exp_avg", cut::subnormal())], move |p, g, [m]| {
            let g = sign * g;
            let p = kept * p - lr * signum(beta1 * m + new1 * g);
            (p, [beta2 * m + new2 * g])
        });
    }
}

compiled!(fn(&Lion, &mut ParamUpdate<'_, F>) = <Lion as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused, remembered};

    #[test]
    fn values_by_hand() {
        expect(Lion { lr: 0.125, ..Lion::default() }, 5, [0.375, 0.375]);
        // η = 0.6, β₁ = 0.5, β₂ = 0.75. x: 1, 0.4, -0.2 with g = 1, 0.4, -0.2;
        // m = 0, 0.25, 0.2875; c = 0.5, 0.325, 0.04375 > 0: x = -0.8.
        // Then g = -0.8, m = 0.165625, c = -0.3171875 < 0: x = -0.2. y does the same with gradients ten times as large.
        let lion = Lion { lr: 0.6, beta1: 0.5, beta2: 0.75, ..Lion::default() };
        expect(lion.clone(), 3, [-0.8, -0.8]);
        expect(lion, 4, [-0.2, -0.2]);
        expect(Lion { lr: 0.5, weight_decay: 0.5, ..Lion::default() }, 1, [0.25, 0.25]);
    }

    /// β₁ is for the direction, β₂ for the momentum: m = 0.25·4 = 1, then 0.75·1 + 0.25·(-8) = -1.25.
    #[test]
    fn two_weights_by_hand() {
        let lion = Lion { lr: 0.5, beta1: 0.5, beta2: 0.75, weight_decay: 0.5, ..Lion::default() };
        let [m, p] = remembered(lion.clone(), "exp_avg", &[[4.0, -4.0]]);
        assert_eq!((m, p), (vec![1.0, -1.0], vec![0.25, 1.25]));
        // c = 0.5·(±1) + 0.5·(∓8): p = 0.75·p ± 0.5.
        let [m, p] = remembered(lion, "exp_avg", &[[4.0, -4.0], [-8.0, 8.0]]);
        assert_eq!((m, p), (vec![-1.25, 1.25], vec![0.6875, 0.4375]));
    }

    /// m = 0.25·4 = 1, c = 0.5·1 + 0.5·(-0.5) = 0.25: still the old direction. With β₁ and β₂ swapped, or one used for
    /// both, m = 2 and c = 0.75 or 1.375; then m = 0.75 or 1.375 instead of 0.625.
    #[test]
    fn the_remembered_mean_goes_on_by_its_own_weight() {
        let lion = Lion { lr: 0.5, beta1: 0.5, beta2: 0.75, ..Lion::default() };
        let [m, p] = remembered(lion, "exp_avg", &[[4.0, 4.0], [-0.5, -0.5]]);
        assert_eq!((m, p), (vec![0.625; 2], vec![0.0; 2]));
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Lion { beta2: 2.0, ..Lion::default() }, "Lion: beta2 must be in [0, 1), got 2");
    }
}
