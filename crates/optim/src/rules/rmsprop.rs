//! RMSprop: gradients divided by their root mean square.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// RMSprop: divides the gradient by the square root of the running mean of its square.
///
/// ```text
/// g = ∇L + λ·p
/// v = α·v + (1 - α)·g²
/// D = √v + ε                     centered: w = α·w + (1 - α)·g,  D = √(v - w²) + ε
/// p = p - η·g/D                  with momentum: b = μ·b + g/D,  p = p - η·b
/// ```
///
/// `v` starts at 0 and has no bias correction, so the size of the first steps is about `η / √(1 - α)`, ten times η with
/// α = 0.99.
///
/// Hinton, *Neural networks for machine learning*, lecture 6e, 2012; centered: Graves, arXiv 1308.0850. As in PyTorch,
/// ε is outside the square root (TensorFlow 1 and Graves: inside), and η is outside the momentum (TensorFlow: inside).
///
/// With `centered`, the variance `v - w²` vanishes when a gradient hardly varies for thousands of steps, and rounding
/// can make it negative; it then counts as 0 (PyTorch: NaN), and the gradient is divided by ε alone. If steps get too
/// large, raise ε or do not use `centered`.
///
/// ```
/// use downhill_optim::{Optimizer, RmsProp};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64]);
/// let mut opt = Optimizer::new(RmsProp { lr: 0.01, ..RmsProp::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert!((w.item() - 4.9).abs() < 1e-8);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct RmsProp {
    /// The learning rate η.
    #[options(default = 1e-2)]
    pub lr: f64,
    /// The decay rate of the running mean of squared gradients (second moment), α.
    #[options(default = 0.99)]
    pub alpha: f64,
    /// Added to the denominator for numerical stability, ε.
    #[options(default = 1e-8)]
    pub eps: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// The momentum μ; 0 for none.
    pub momentum: f64,
    /// Divide by the standard deviation of the gradient instead of its root mean square.
    pub centered: bool,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for RmsProp {
    fields!(RmsProp, momentum = momentum, keeps = ["square_avg"], sometimes = ["grad_avg", "momentum_buffer"]);

    fn check(&self) -> Result<(), OptionError> {
        let decay = ("weight_decay", self.weight_decay);
        non_negative("RmsProp", &[("lr", self.lr), ("eps", self.eps), decay, ("momentum", self.momentum)])?;
        fraction("RmsProp", &[("alpha", self.alpha)])
    }
}

impl<F: Float> ParamRule<F> for RmsProp {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, alpha, new] = [self.lr, self.alpha, 1.0 - self.alpha].map(F::from_f64);
        let [decay, momentum] = [self.weight_decay, self.momentum].map(F::from_f64);
        let eps = epsilon::<F>(self.eps);
        let squares = ("square_avg", cut::square(1.0 - self.alpha, self.eps * self.eps));
        // Only the square of `w` is used.
        let means = ("grad_avg", cut::mean(F::zero()));
        let steps = ("momentum_buffer", cut::mean(lr));
        let sign = sign::<F>(self.maximize);
        let gradient = move |p: F, g: F| sign * g + decay * p;
        let square = move |g: F, v: F| alpha * v + new * g * g;
        let mean = move |g: F, w: F| alpha * w + new * g;
        // With nearly constant gradients, rounding or flushing can make the variance negative.
        let deviation = move |v: F, w: F| {
            let variance = v - w * w;
            if variance < F::zero() { F::zero() } else { variance.sqrt() }
        };
        match (self.centered, self.momentum > 0.0) {
            (false, false) => param.each_cutting([squares], move |p, g, [v]| {
                let g = gradient(p, g);
                let v = square(g, v);
                (p - lr * g / (v.sqrt() + eps), [v])
            }),
            (false, true) => param.each_cutting([squares, steps], move |p, g, [v, b]| {
                let g = gradient(p, g);
                let v = square(g, v);
                let b = momentum * b + g / (v.sqrt() + eps);
                (p - lr * b, [v, b])
            }),
            (true, false) => param.each_cutting([squares, means], move |p, g, [v, w]| {
                let g = gradient(p, g);
                let (v, w) = (square(g, v), mean(g, w));
                (p - lr * g / (deviation(v, w) + eps), [v, w])
            }),
            (true, true) => {
                param.each_cutting([squares, means, steps], move |p, g, [v, w, b]| {
                    let g = gradient(p, g);
                    let (v, w) = (square(g, v), mean(g, w));
                    let b = momentum * b + g / (deviation(v, w) + eps);
                    (p - lr * b, [v, w, b])
                });
            }
        }
    }
}

compiled!(fn(&RmsProp, &mut ParamUpdate<'_, F>) = <RmsProp as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(RmsProp::default(), 5, [0.696465799281, 0.696465780304]);
        let all = RmsProp { alpha: 0.9, centered: true, momentum: 0.9, ..RmsProp::default() };
        expect(all, 5, [0.665562796693, 0.665562788579]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(RmsProp { alpha: 1.5, ..RmsProp::default() }, "RmsProp: alpha must be in [0, 1), got 1.5");
    }
}
