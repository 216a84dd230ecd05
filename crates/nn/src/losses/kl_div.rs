//! The Kullback-Leibler divergence.

use downhill_tensor::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

use super::Reduction;
use super::share::share;
use super::targets::assert_same_shape;

/// The pointwise Kullback-Leibler divergence `t·(ln t - x)` of targets `t` from log-probabilities `x`, with its
/// options. Without options: [`kl_div`].
#[derive(Clone, Copy, Debug, Default)]
pub struct KlDiv {
    /// Whether the targets are log-probabilities too.
    pub log_target: bool,
    /// Only [`Reduction::BatchMean`] gives the Kullback-Leibler divergence proper, averaged over the batch; the mean,
    /// which is PyTorch's default and ours, divides by the number of classes as well.
    pub reduction: Reduction,
}

/// The mean over all elements of `t·(ln t - x)`, with `x` log-probabilities and `t` probabilities of the same shape; 0
/// where `t` is 0, even if `x` is -inf there (PyTorch gives NaN), and inf where `x` is -inf and `t` is not 0. With
/// respect to a target of 0 the derivative is NaN, as in PyTorch: its limit is not finite. For the Kullback-Leibler
/// divergence proper, use [`KlDiv`] with [`Reduction::BatchMean`].
///
/// ```
/// use downhill_nn::{KlDiv, Reduction};
/// use downhill_tensor::Tensor;
/// let (p, q) = (Tensor::from([[0.5, 0.5]]), Tensor::from([[0.25, 0.75]]));
/// let divergence = KlDiv { reduction: Reduction::BatchMean, ..KlDiv::default() }.loss(&q.ln(), &p);
/// assert!((divergence.item() - 0.5 * (4.0_f64 / 3.0).ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn kl_div<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    KlDiv::default().loss(input, target)
}

impl KlDiv {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("kl_div", input, target);
        self.reduction.of(if self.log_target {
            elementwise(OfLogarithms, [input, target])
        } else {
            target.xlogy(target) - share(target, input)
        })
    }
}

/// `eᵗ·(t - x)` of each pair `(x, t)` of logarithms; the derivatives are `-eᵗ` and `y + eᵗ`.
///
/// A primitive for the limits: at a target of -inf, which is probability 0, the plain product is `0·inf`.
struct OfLogarithms;

impl<F: Float> Elementwise<F, 2> for OfLogarithms {
    fn name(&self) -> &'static str {
        "kl_div"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("exp(t)·(t - x)", &[("x", "-exp(t)"), ("t", "y + exp(t)")]))
    }

    #[inline(always)]
    fn element(&self, [x, t]: [F; 2]) -> F {
        let difference = t - x;
        if t == F::neg_infinity() && !x.is_nan() {
            F::zero()
        } else if difference.is_infinite() {
            // Also where `eᵗ` underflows: the exact probability is positive, so the loss is infinite.
            difference
        } else {
            t.exp() * difference
        }
    }

    fn vjp(&self, wrt: usize, [_, t]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => -(dy * t.exp()),
            _ => dy * (y + t.exp()),
        }
    }
}

compiled!(Elementwise<2> OfLogarithms);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let logarithms = || Domain::between(-2.0, 0.0);
        sweep::binary("kl_div", logarithms(), logarithms(), |x, t| elementwise(OfLogarithms, [x, t]));
    }

    #[test]
    fn derivatives() {
        let x = Tensor::from([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]).ln();
        let t = Tensor::from([[0.6, 0.3, 0.1], [0.25, 0.25, 0.5]]);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = KlDiv { log_target: false, reduction };
            gradcheck(|[x, t]| options.loss(x, t), [&x, &t], Check::order(2)).unwrap();
            let options = KlDiv { log_target: true, reduction };
            gradcheck(|[x, t]| options.loss(x, t), [&x, &t.ln()], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn targets_can_be_logarithms() {
        let x = Tensor::from([0.2, 0.3, 0.5]).ln();
        let t = Tensor::from([0.6, 0.3, 0.1]);
        let difference = KlDiv { log_target: true, ..KlDiv::default() }.loss(&x, &t.ln()) - kl_div(&x, &t);
        let difference: f64 = difference.item();
        assert!(difference.abs() < 1e-15, "{difference}");
    }

    #[test]
    fn classes_of_probability_zero_cost_nothing() {
        let x = Tensor::param(Tensor::from([0.5, 0.5]).ln());
        let loss = KlDiv { reduction: Reduction::Sum, ..KlDiv::default() }.loss(&x, &Tensor::from([0.0, 1.0]));
        assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(loss.backward()[&x].to_vec(), [0.0, -1.0]);
    }
}
