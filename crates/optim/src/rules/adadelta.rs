//! Adadelta: step sizes from past steps and gradients.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Adadelta: scales the gradient by the ratio of two running root mean squares, of past steps and of gradients.
///
/// ```text
/// g = ∇L + λ·p
/// v = ρ·v + (1 - ρ)·g²
/// Δ = √(u + ε) / √(v + ε) · g
/// u = ρ·u + (1 - ρ)·Δ²
/// p = p - η·Δ
/// ```
///
/// The step has the units of the parameter, so the learning rate is 1. The first steps are of the order of `√ε`, so
/// training starts slowly; a larger ε speeds it up.
///
/// Zeiler, arXiv 1212.5701. As in PyTorch, ρ = 0.9 and ε = 1e-6 (Keras: 0.95, 1e-7 and a learning rate of 0.001, which
/// is too low for the paper's rule).
///
/// ```
/// use downhill_optim::{Adadelta, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(Adadelta::default());
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((5.0 - w.item() - (1e-6_f64 / 0.1).sqrt()).abs() < 1e-8);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Adadelta {
    /// The learning rate η.
    #[options(default = 1.0)]
    pub lr: f64,
    /// The decay rate of both running means of squares, ρ.
    #[options(default = 0.9)]
    pub rho: f64,
    /// Added inside both square roots, ε.
    #[options(default = 1e-6)]
    pub eps: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Adadelta {
    fields!(Adadelta, keeps = ["square_avg", "acc_delta"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Adadelta", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        fraction("Adadelta", &[("rho", self.rho)])
    }
}

impl<F: Float> ParamRule<F> for Adadelta {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, rho, new] = [self.lr, self.rho, 1.0 - self.rho].map(F::from_f64);
        let (eps, decay) = (epsilon::<F>(self.eps), F::from_f64(self.weight_decay));
        let square = cut::square(1.0 - self.rho, self.eps);
        let sign = sign::<F>(self.maximize);
        param.each_cutting([("square_avg", square), ("acc_delta", square)], move |p, g, [v, u]| {
            let g = sign * g + decay * p;
            let v = rho * v + new * g * g;
            let delta = (u + eps).sqrt() / (v + eps).sqrt() * g;
            let u = rho * u + new * delta * delta;
            (p - lr * delta, [v, u])
        });
    }
}

compiled!(fn(&Adadelta, &mut ParamUpdate<'_, F>) = <Adadelta as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(Adadelta::default(), 5, [0.983631387349, 0.983631303667]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Adadelta { rho: -0.1, ..Adadelta::default() }, "Adadelta: rho must be in [0, 1), got -0.1");
    }
}
