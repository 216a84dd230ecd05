//! Gradient descent with classical momentum.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Gradient descent with classical momentum: the velocity includes the learning rate.
///
/// ```text
/// g = ∇L + λ·p
/// Δ = γ·Δ' - η·g              Δ' is the previous step, initially 0
/// p = p + Δ
/// ```
///
/// With a constant learning rate this is equivalent to [`Sgd`](crate::Sgd) with `momentum: γ`. They differ once the
/// rate changes: in `Sgd` it multiplies the whole accumulated momentum, so halving it halves the next step; here it
/// multiplies new gradients only, and the velocity decays over about `1 / (1 - γ)` steps.
///
/// Rumelhart, Hinton and Williams, *Learning representations by back-propagating errors*, 1986. TensorFlow and Keras
/// use this form, PyTorch that of [`Sgd`](crate::Sgd).
///
/// ```
/// use downhill_optim::{ClassicalMomentum, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([1.0_f64]);
/// let mut opt = Optimizer::new(ClassicalMomentum { lr: 0.25, momentum: 0.5, ..ClassicalMomentum::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w.item(), 0.5);
/// opt.set_lr(0.0);
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w.item(), 0.25); // still rolling
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct ClassicalMomentum {
    /// The learning rate η.
    #[options(default = 1e-3)]
    pub lr: f64,
    /// The momentum γ, the fraction of the previous step that is kept.
    #[options(default = 0.9)]
    pub momentum: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for ClassicalMomentum {
    fields!(ClassicalMomentum, momentum = momentum, keeps = ["velocity"]);

    fn check(&self) -> Result<(), OptionError> {
        let decay = ("weight_decay", self.weight_decay);
        non_negative("ClassicalMomentum", &[("lr", self.lr), ("momentum", self.momentum), decay])
    }
}

impl<F: Float> ParamRule<F> for ClassicalMomentum {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        param.each_cutting([("velocity", cut::subnormal())], move |p, g, [last]| {
            let step = momentum * last - lr * (sign * g + decay * p);
            (p + step, [step])
        });
    }
}

compiled!(fn(&ClassicalMomentum, &mut ParamUpdate<'_, F>) = <ClassicalMomentum as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use downhill_tensor::Tensor;

    use super::*;
    use crate::rules::reference::{expect, refused};
    use crate::{Optimizer, Sgd};

    #[test]
    fn with_a_constant_rate_the_numbers_of_sgd() {
        let rule = ClassicalMomentum { lr: 0.05, ..ClassicalMomentum::default() };
        expect(rule, 5, [0.417155937500, -0.521800000000]);
    }

    /// By hand: η = 0.25, λ = 2, γ = 0. x: g + λx = 3x, so a step takes x to x/4; y: 12y, so y to -2y.
    #[test]
    fn weight_decay_is_a_penalty() {
        let rule = ClassicalMomentum { lr: 0.25, momentum: 0.0, weight_decay: 2.0, ..ClassicalMomentum::default() };
        expect(rule, 2, [0.0625, 4.0]);
    }

    /// By hand: loss 2p, so g = 2 throughout; η = 0.1 then 0.05, γ = 0.5.
    /// Classical: Δ = -0.2, then 0.5·(-0.2) - 0.1 = -0.2. Sgd: b = 2, then 3, and 0.05·3 = 0.15.
    #[test]
    fn when_the_rate_changes_the_two_part() {
        let two_steps = |mut opt: Optimizer<f64>| {
            let mut p = Tensor::param([1.0]);
            let loss = (&p * 2.0).sum();
            opt.step(&mut p, &loss.backward());
            opt.set_lr(0.05);
            let loss = (&p * 2.0).sum();
            opt.step(&mut p, &loss.backward());
            p.item()
        };
        let classical = ClassicalMomentum { lr: 0.1, momentum: 0.5, ..ClassicalMomentum::default() };
        assert!((two_steps(Optimizer::new(classical)) - 0.6).abs() < 1e-15);
        let sgd = Sgd { lr: 0.1, momentum: 0.5, ..Sgd::default() };
        assert!((two_steps(Optimizer::new(sgd)) - 0.65).abs() < 1e-15);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = ClassicalMomentum { momentum: -0.5, ..ClassicalMomentum::default() };
        refused(rule, "ClassicalMomentum: momentum must be ≥ 0, got -0.5");
    }
}
