//! NAdam: Adam with Nesterov momentum.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::state::{Kept, ParamState};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// NAdam: Adam with Nesterov momentum, whose coefficient μₜ grows towards β₁.
///
/// ```text
/// g  = ∇L + λ·p
/// μₜ = β₁·(1 - 0.96^(t·ψ) / 2),  P = μ₁·μ₂···μₜ
/// m  = β₁·m + (1 - β₁)·g
/// v  = β₂·v + (1 - β₂)·g²
/// D  = √(v / (1 - β₂ᵗ)) + ε
/// p  = p - η·(1 - μₜ)/(1 - P)·g/D - η·μₜ₊₁/(1 - P·μₜ₊₁)·m/D
/// ```
///
/// With `decoupled`, λ is not added to the gradient; instead, `p` is first multiplied by `1 - η·λ`.
///
/// Dozat, *Incorporating Nesterov momentum into Adam*, 2016. As in PyTorch; optax's `nadam` has a constant μ.
///
/// ```
/// use downhill_optim::{NAdam, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(NAdam { lr: 0.1, ..NAdam::default() });
/// for _ in 0..300 {
///     let loss = w.square().sum();
///     opt.step(&mut w, &loss.backward());
/// }
/// assert!(w.item().abs() < 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct NAdam {
    /// The learning rate η.
    #[options(default = 2e-3)]
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
    /// The momentum decay: how fast μₜ grows towards β₁, ψ.
    #[options(default = 4e-3)]
    pub momentum_decay: f64,
    /// Use decoupled weight decay, applied to the parameter rather than added to the gradient.
    pub decoupled: bool,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for NAdam {
    fields!(NAdam, momentum = beta1);

    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        if state.steps == 0 {
            return Ok(());
        }
        let len: usize = shape.iter().product();
        let always = &[("exp_avg", len), ("exp_avg_sq", len)];
        state.check("NAdam", &Kept { always, numbers: &[("mu_product", 0.0..=1.0)], ..Kept::default() })
    }

    fn check(&self) -> Result<(), OptionError> {
        let decays = [("weight_decay", self.weight_decay), ("momentum_decay", self.momentum_decay)];
        non_negative("NAdam", &[("lr", self.lr), ("eps", self.eps), decays[0], decays[1]])?;
        fraction("NAdam", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

impl<F: Float> ParamRule<F> for NAdam {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let mu = self.beta1 * (1.0 - 0.5 * param.power(0.96, t * self.momentum_decay));
        let next_mu = self.beta1 * (1.0 - 0.5 * param.power(0.96, (t + 1.0) * self.momentum_decay));
        let product = param.state.number("mu_product", 1.0);
        *product *= mu;
        let now = self.lr * (1.0 - mu) / (1.0 - *product);
        let ahead = self.lr * next_mu / (1.0 - *product * next_mu);
        let correction = 1.0 / (1.0 - param.power(self.beta2, t));
        let (coupled, kept) =
            if self.decoupled { (0.0, 1.0 - self.lr * self.weight_decay) } else { (self.weight_decay, 1.0) };
        let [beta1, new1, beta2, new2] = [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let [now, ahead, correction] = [now, ahead, correction].map(F::from_f64);
        let eps = epsilon::<F>(self.eps);
        let square = cut::square(1.0 - self.beta2, self.eps * self.eps);
        let buffers = [("exp_avg", cut::mean(ahead)), ("exp_avg_sq", square)];
        let [coupled, kept] = [coupled, kept].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        param.each_cutting(buffers, move |p, g, [m, v]| {
            let g = sign * g + coupled * p;
            let m = beta1 * m + new1 * g;
            let v = beta2 * v + new2 * g * g;
            (kept * p - (now * g + ahead * m) / ((v * correction).sqrt() + eps), [m, v])
        });
    }
}

compiled!(fn(&NAdam, &mut ParamUpdate<'_, F>) = <NAdam as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(NAdam { lr: 0.1, ..NAdam::default() }, 5, [0.623662893783, 0.623662890407]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = NAdam { momentum_decay: -1.0, ..NAdam::default() };
        refused(rule, "NAdam: momentum_decay must be ≥ 0, got -1");
    }
}
