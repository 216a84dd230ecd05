//! LAMB: layer-wise adaptive step sizes for large batches.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::{self, cut, norm};
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// LAMB: Adam's update, scaled for each parameter tensor to the norm of the tensor.
///
/// ```text
/// m = β₁·m + (1 - β₁)·g,   v = β₂·v + (1 - β₂)·g²
/// u = (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε) + λ·p
/// p = p - η · ‖p‖/‖u‖ · u
/// ```
///
/// A step changes every tensor by the same fraction η of its norm, which keeps training stable with batches of
/// thousands. The trust ratio `‖p‖/‖u‖` is 1 where either norm is 0, so that zero-initialized biases can move.
///
/// You et al., arXiv 1904.00962. Not in PyTorch; as in optax (ε = 1e-6, no bound on `‖p‖`).
///
/// ```
/// use downhill_optim::{Lamb, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([3.0_f64, 4.0]);
/// let mut opt = Optimizer::new(Lamb { lr: 0.1, ..Lamb::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// // Adam's first update is (1, 1); the step is a tenth of the norm 5.
/// let step = 0.1 * 5.0 / 2.0_f64.sqrt();
/// assert!((w.view()[0] - (3.0 - step)).abs() < 1e-6 && (w.view()[1] - (4.0 - step)).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct Lamb {
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
    #[options(default = 1e-6)]
    pub eps: f64,
    /// The weight decay λ, decoupled from the gradient but scaled by the trust ratio.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Lamb {
    fields!(Lamb, momentum = beta1, keeps = ["exp_avg", "exp_avg_sq"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Lamb", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction("Lamb", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

impl<F: Float> ParamRule<F> for Lamb {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let correction1 = 1.0 / (1.0 - param.power(self.beta1, t));
        let correction2 = 1.0 / (1.0 - param.power(self.beta2, t));
        let [beta1, new1, beta2, new2] = [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let [correction1, correction2] = [correction1, correction2].map(F::from_f64);
        let (eps, decay) = (epsilon::<F>(self.eps), F::from_f64(self.weight_decay));
        let sign = sign::<F>(self.maximize);
        // Two passes: the norm of the whole update is needed before any of it is applied.
        let len = param.param.len();
        param.scratch.resize(len, F::zero());
        let [m, v] = param.state.buffers_mut([("exp_avg", len), ("exp_avg_sq", len)]);
        // Flush only subnormal means: however small the update, it is scaled to the norm of the parameter.
        let cuts = [cut::subnormal(), cut::square(1.0 - self.beta2, self.eps * self.eps), F::zero()];
        kernels::update(param.param, param.grad, [m, v, param.scratch], cuts, move |p, g, [m, v, _]| {
            let g = sign * g;
            let m = beta1 * m + new1 * g;
            let v = beta2 * v + new2 * g * g;
            let u = m * correction1 / ((v * correction2).sqrt() + eps) + decay * p;
            (p, [m, v, u])
        });
        let (length, step) = (norm(param.param), norm(param.scratch));
        let ratio = if length > 0.0 && step > 0.0 { length / step } else { 1.0 };
        let step = F::from_f64(self.lr * ratio);
        kernels::update(param.param, param.scratch, [], [], move |p, u, []| (p - step * u, []));
    }
}

compiled!(fn(&Lamb, &mut ParamUpdate<'_, F>) = <Lamb as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use downhill_tensor::Tensor;

    use super::*;
    use crate::Optimizer;
    use crate::rules::reference::{expect, refused};

    /// u = (1/(1 + ε) + λ, 1/(1 + ε/10) + λ) in the first step; ‖p‖ = √2.
    #[test]
    fn the_first_step_by_hand() {
        let rule = Lamb { lr: 0.1, weight_decay: 0.5, eps: 1.0, ..Lamb::default() };
        let u: [f64; 2] = [1.0 / 2.0 + 0.5, 1.0 / 1.1 + 0.5];
        let ratio = 2.0_f64.sqrt() / (u[0] * u[0] + u[1] * u[1]).sqrt();
        expect(rule, 1, u.map(|u| 1.0 - 0.1 * ratio * u));
    }

    /// The paper's formula again, on scalars: from the second step on the running means matter.
    #[test]
    fn four_steps_by_the_formula() {
        let rule = Lamb { lr: 0.3, beta1: 0.5, beta2: 0.75, eps: 0.01, weight_decay: 0.125, ..Lamb::default() };
        let (mut p, mut m, mut v) = ([1.0_f64, 1.0], [0.0; 2], [0.0; 2]);
        for t in 1..=4 {
            let g = [p[0], 10.0 * p[1]];
            let mut u = [0.0; 2];
            for i in 0..2 {
                m[i] = 0.5 * m[i] + 0.5 * g[i];
                v[i] = 0.75 * v[i] + 0.25 * g[i] * g[i];
                let (mean, square) = (m[i] / (1.0 - 0.5_f64.powi(t)), v[i] / (1.0 - 0.75_f64.powi(t)));
                u[i] = mean / (square.sqrt() + 0.01) + 0.125 * p[i];
            }
            let ratio = p[0].hypot(p[1]) / u[0].hypot(u[1]);
            p = [p[0] - 0.3 * ratio * u[0], p[1] - 0.3 * ratio * u[1]];
        }
        expect(rule, 4, p);
    }

    /// The trust ratio is 1 where the norm of the parameter or the update is 0: a zero update has no effect, and zero
    /// parameters can move.
    #[test]
    fn nothing_divides_nothing() {
        let step = |start: f64, gradient: f64| {
            let mut p = Tensor::param([start, start]);
            let mut opt = Optimizer::new(Lamb { lr: 0.1, eps: 0.0, ..Lamb::default() });
            opt.step_with(&mut p, |p| (p * gradient).sum());
            p.to_vec()
        };
        assert_eq!(step(0.0, 3.0), [-0.1, -0.1]);
        let mut p = Tensor::param([2.0, -1.0]);
        Optimizer::new(Lamb::default()).step_with(&mut p, |p| (p * 0.0).sum());
        assert_eq!(p.to_vec(), [2.0, -1.0]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Lamb { lr: -1.0, ..Lamb::default() }, "Lamb: lr must be ≥ 0, got -1");
    }
}
