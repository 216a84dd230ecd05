//! Stochastic gradient descent, with momentum.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, non_negative, require};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Stochastic gradient descent: plain, with momentum, or with Nesterov momentum.
///
/// ```text
/// g = ∇L + λ·p
/// b = μ·b + (1 - δ)·g         first step: b = g
/// p = p - η·b                 with nesterov: p - η·(g + μ·b)
/// ```
///
/// The learning rate η is outside the momentum `b`, so a change of η immediately scales the accumulated momentum. In
/// [`ClassicalMomentum`](crate::ClassicalMomentum), the form of most textbooks, it is inside.
///
/// Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964; Sutskever et al., *On the
/// importance of initialization and momentum in deep learning*, 2013. As in PyTorch; TensorFlow and Keras use the
/// classical form.
///
/// ```
/// use downhill_optim::{Optimizer, Sgd};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([1.0_f64, -1.0]);
/// let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, nesterov: true, ..Sgd::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w, Tensor::from([1.0 - 0.1 * 3.8, -1.0 + 0.1 * 3.8]));
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Sgd {
    /// The learning rate η.
    #[options(default = 1e-3)]
    pub lr: f64,
    /// The momentum μ; 0 for none.
    pub momentum: f64,
    /// The dampening of new gradients, δ; the first is not dampened.
    pub dampening: f64,
    /// The weight decay λ, an L2 penalty, which enters the momentum.
    pub weight_decay: f64,
    /// Use Nesterov momentum.
    pub nesterov: bool,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Sgd {
    fields!(Sgd, momentum = momentum, keeps = [], sometimes = ["momentum_buffer"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("Sgd", &[("lr", self.lr), ("momentum", self.momentum), ("weight_decay", self.weight_decay)])?;
        require((0.0..=1.0).contains(&self.dampening), "Sgd", "dampening", "in [0, 1]", self.dampening)?;
        let possible = self.momentum > 0.0 && self.dampening == 0.0;
        let must = "false unless momentum is above 0 and dampening is 0";
        require(possible || !self.nesterov, "Sgd", "nesterov", must, self.nesterov)
    }
}

impl<F: Float> ParamRule<F> for Sgd {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, decay, momentum] = [self.lr, self.weight_decay, self.momentum].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        if self.momentum == 0.0 {
            return param.each([], move |p, g, []| (p - lr * (sign * g + decay * p), []));
        }
        let first = param.state.buffer("momentum_buffer").is_none();
        let [keep, add] = if first { [0.0, 1.0] } else { [self.momentum, 1.0 - self.dampening] }.map(F::from_f64);
        let [along, ahead] = if self.nesterov { [F::one(), momentum] } else { [F::zero(), F::one()] };
        param.each_cutting([("momentum_buffer", cut::mean(lr))], move |p, g, [b]| {
            let g = sign * g + decay * p;
            let b = keep * b + add * g;
            (p - lr * (along * g + ahead * b), [b])
        });
    }
}

compiled!(fn(&Sgd, &mut ParamUpdate<'_, F>) = <Sgd as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    const SGD: Sgd =
        Sgd { lr: 0.05, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, maximize: false };

    #[test]
    fn matches_pytorch() {
        expect(SGD, 5, [0.773780937500, 0.031250000000]);
        expect(Sgd { momentum: 0.9, ..SGD }, 5, [0.417155937500, -0.521800000000]);
        expect(Sgd { momentum: 0.9, dampening: 0.5, ..SGD }, 5, [0.598442871094, -0.934284375000]);
        let nesterov = Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.01, ..SGD };
        expect(nesterov, 5, [0.310555658078, -0.010558338929]);
        let uphill = Sgd { momentum: 0.9, maximize: true, weight_decay: 0.01, ..SGD };
        expect(uphill, 5, [1.729769564762, 19.065817105831]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Sgd { momentum: -0.1, ..SGD }, "Sgd: momentum must be ≥ 0, got -0.1");
        refused(Sgd { lr: f64::NAN, ..SGD }, "Sgd: lr must be ≥ 0, got NaN");
        let message = "Sgd: nesterov must be false unless momentum is above 0 and dampening is 0, got true";
        refused(Sgd { nesterov: true, ..SGD }, message);
        refused(Sgd { nesterov: true, momentum: 0.9, dampening: 0.1, ..SGD }, message);
    }
}
