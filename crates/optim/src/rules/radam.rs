//! RAdam: rectified Adam.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// RAdam: Adam that divides by `√v` only once `v` averages enough gradients to be reliable, with a correction for how
/// few they are; before that, plain momentum: a warmup without hyperparameters.
///
/// ```text
/// g = ∇L + λ·p
/// m = β₁·m + (1 - β₁)·g
/// v = β₂·v + (1 - β₂)·g²
/// ρ∞ = 2/(1 - β₂) - 1,   ρ = ρ∞ - 2·t·β₂ᵗ/(1 - β₂ᵗ)
/// ρ ≤ 5:  p = p - η·m/(1 - β₁ᵗ)
/// ρ > 5:  r = √((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ))
///         p = p - η·r·m/(1 - β₁ᵗ) · √(1 - β₂ᵗ)/(√v + ε)
/// ```
///
/// With β₂ = 0.999 the division starts at step 6. The first five steps are proportional to the gradient, so a learning
/// rate that suits Adam may be far too high for them if gradients are large. With `decoupled`, λ is not added to the
/// gradient; instead, `p` is first multiplied by `1 - η·λ`.
///
/// Liu et al., arXiv 1908.03265. As in PyTorch, the threshold is 5 (paper: 4) and ε is added before the bias correction
/// `√(1 - β₂ᵗ)`.
///
/// ```
/// use downhill_optim::{Optimizer, RAdam};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(RAdam { lr: 0.1, ..RAdam::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((w.item() - (5.0 - 0.1 * 10.0)).abs() < 1e-12); // plain momentum
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(betas(beta1, beta2))]
pub struct RAdam {
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
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for RAdam {
    fields!(RAdam, momentum = beta1, keeps = ["exp_avg", "exp_avg_sq"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("RAdam", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction("RAdam", &[("beta1", self.beta1), ("beta2", self.beta2)])
    }
}

impl<F: Float> ParamRule<F> for RAdam {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let power2 = param.power(self.beta2, t);
        let step = self.lr / (1.0 - param.power(self.beta1, t));
        let limit = 2.0 / (1.0 - self.beta2) - 1.0;
        let rho = limit - 2.0 * t * power2 / (1.0 - power2);
        let rectify = || ((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho)).sqrt();
        let divided = (rho > 5.0).then(|| step * rectify() * (1.0 - power2).sqrt());
        let (coupled, kept) =
            if self.decoupled { (0.0, 1.0 - self.lr * self.weight_decay) } else { (self.weight_decay, 1.0) };
        let [beta1, new1, beta2, new2] = [self.beta1, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2].map(F::from_f64);
        let [step, coupled, kept] = [divided.unwrap_or(step), coupled, kept].map(F::from_f64);
        let eps = epsilon::<F>(self.eps);
        let square = cut::square(1.0 - self.beta2, self.eps * self.eps);
        let buffers = [("exp_avg", cut::mean(step)), ("exp_avg_sq", square)];
        let sign = sign::<F>(self.maximize);
        let means = move |p: F, g: F, m: F, v: F| {
            let g = sign * g + coupled * p;
            (beta1 * m + new1 * g, beta2 * v + new2 * g * g)
        };
        if divided.is_some() {
            param.each_cutting(buffers, move |p, g, [m, v]| {
                let (m, v) = means(p, g, m, v);
                (kept * p - step * m / (v.sqrt() + eps), [m, v])
            });
        } else {
            param.each_cutting(buffers, move |p, g, [m, v]| {
                let (m, v) = means(p, g, m, v);
                (kept * p - step * m, [m, v])
            });
        }
    }
}

compiled!(fn(&RAdam, &mut ParamUpdate<'_, F>) = <RAdam as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let radam = RAdam { lr: 0.1, ..RAdam::default() };
        expect(radam.clone(), 5, [0.552364195102, -0.322098165826]);
        // From step 6 on, with the division.
        expect(radam, 8, [0.543278166168, -0.317785057908]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(RAdam { lr: -1.0, ..RAdam::default() }, "RAdam: lr must be ≥ 0, got -1");
    }
}
