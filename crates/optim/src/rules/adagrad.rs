//! Adagrad: learning rates that decrease with the accumulated squared gradients.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::options::{OptionError, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Adagrad: the learning rate of each element decreases with the sum of its squared gradients.
///
/// ```text
/// g = ∇L + λ·p
/// s = s + g²
/// p = p - η / (1 + (t - 1)·κ) · g / (√s + ε)
/// ```
///
/// Elements with rare gradients keep large steps, which suits sparse features. But `s` only grows, so long runs stop
/// learning; [`RmsProp`](crate::RmsProp) and [`Adadelta`](crate::Adadelta) use running means instead.
///
/// Duchi, Hazan and Singer, *Adaptive subgradient methods for online learning and stochastic optimization*, 2011. As in
/// PyTorch, `s` starts at 0 (TensorFlow and optax: 0.1) and ε is outside the square root.
///
/// ```
/// use downhill_optim::{Adagrad, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(Adagrad { lr: 0.5, ..Adagrad::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((w.item() - 4.5).abs() < 1e-9); // the first step has size η
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Adagrad {
    /// The learning rate η.
    #[options(default = 1e-2)]
    pub lr: f64,
    /// The additional decay of the learning rate with the number of steps, κ.
    pub lr_decay: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// The initial value of `s`.
    pub initial_accumulator_value: f64,
    /// Added to the denominator for numerical stability, ε.
    #[options(default = 1e-10)]
    pub eps: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Adagrad {
    fields!(Adagrad, keeps = ["sum"]);

    fn check(&self) -> Result<(), OptionError> {
        let start = ("initial_accumulator_value", self.initial_accumulator_value);
        let decays = [("lr_decay", self.lr_decay), ("weight_decay", self.weight_decay)];
        non_negative("Adagrad", &[("lr", self.lr), decays[0], decays[1], start, ("eps", self.eps)])
    }
}

impl<F: Float> ParamRule<F> for Adagrad {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        param.start("sum", self.initial_accumulator_value);
        let lr = self.lr / (1.0 + (param.t() - 1.0) * self.lr_decay);
        let [lr, decay] = [lr, self.weight_decay].map(F::from_f64);
        let eps = epsilon::<F>(self.eps);
        let sign = sign::<F>(self.maximize);
        // Never flush: the sum only grows, so small squares can add up.
        param.each_cutting([("sum", F::zero())], move |p, g, [s]| {
            let g = sign * g + decay * p;
            let s = s + g * g;
            (p - lr * g / (s.sqrt() + eps), [s])
        });
    }
}

compiled!(fn(&Adagrad, &mut ParamUpdate<'_, F>) = <Adagrad as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        let adagrad = Adagrad { lr: 0.1, ..Adagrad::default() };
        expect(adagrad.clone(), 5, [0.697714862065, 0.697714862046]);
        let all = Adagrad { lr_decay: 0.1, weight_decay: 0.01, initial_accumulator_value: 0.1, ..adagrad };
        expect(all, 5, [0.739752573337, 0.732530748412]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = Adagrad { lr_decay: -1.0, ..Adagrad::default() };
        refused(rule, "Adagrad: lr_decay must be ≥ 0, got -1");
    }
}
