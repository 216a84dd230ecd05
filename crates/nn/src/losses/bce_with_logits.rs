//! The binary cross-entropy of logits: the loss of a binary classifier, also called log loss.

use downhill_tensor::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

use super::Reduction;
use super::share::{share, share_of};
use super::targets::{assert_same_shape, weighted};

/// The binary cross-entropy `-(t·ln σ(x) + (1 - t)·ln(1 - σ(x)))` of logits `x`, with its options. Without options:
/// [`bce_with_logits`].
#[derive(Clone, Debug)]
pub struct BceWithLogits<F: Float = f32> {
    /// A factor for each element's loss; it broadcasts.
    pub weight: Option<Tensor<F>>,
    /// A factor for the positive term `-t·ln σ(x)`, usually one for each class in the last axis; it broadcasts. Above
    /// 1, a false negative costs more than a false positive.
    pub pos_weight: Option<Tensor<F>>,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for BceWithLogits<F> {
    fn default() -> Self {
        BceWithLogits { weight: None, pos_weight: None, reduction: Reduction::Mean }
    }
}

/// The mean binary cross-entropy between the sigmoid of the logits and targets in [0, 1] of the same shape.
///
/// Computed as `(1 - t)·softplus(x) + t·softplus(-x)`, so the loss and its derivatives are finite for all finite
/// logits, and nothing cancels. An infinite logit with the right sign costs 0 (PyTorch gives NaN), with the wrong sign
/// infinity. [`BceWithLogits`] has options.
///
/// ```
/// use downhill_nn::bce_with_logits;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::param([-1000.0, 0.0, 1000.0]);
/// let loss = bce_with_logits(&logits, &Tensor::from([1.0, 1.0, 1.0]));
/// assert_eq!(loss.item(), (1000.0 + 2.0_f64.ln() + 0.0) / 3.0);
/// assert_eq!(loss.backward()[&logits].to_vec(), [-1.0 / 3.0, -0.5 / 3.0, 0.0]);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn bce_with_logits<F: Float>(logits: &Tensor<F>, targets: &Tensor<F>) -> Tensor<F> {
    BceWithLogits::default().loss(logits, targets)
}

impl<F: Float> BceWithLogits<F> {
    /// The loss; shapes as in [`bce_with_logits`].
    ///
    /// # Panics
    /// If the shapes differ, or a weight does not broadcast to the losses.
    #[track_caller]
    pub fn loss(&self, logits: &Tensor<F>, targets: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("bce_with_logits", logits, targets);
        let losses = match &self.pos_weight {
            // One fused operation, unless the positive term has a weight.
            None => log_loss(logits, targets),
            Some(_) => {
                let positive = share(targets, &(-logits).softplus());
                let negative = share(&(-targets + F::one()), &logits.softplus());
                negative + weighted("bce_with_logits", positive, self.pos_weight.as_ref())
            }
        };
        self.reduction.of(weighted("bce_with_logits", losses, self.weight.as_ref()))
    }
}

/// The binary cross-entropy of each pair of a logit and a target, whose shapes are equal.
#[track_caller]
pub(super) fn log_loss<F: Float>(logits: &Tensor<F>, targets: &Tensor<F>) -> Tensor<F> {
    elementwise(LogLoss, [logits, targets])
}

/// `(1 - t)·softplus(x) + t·softplus(-x)` of each pair `(x, t)`. The derivatives are [`Slope`] and `-x`.
///
/// A primitive for speed: the two terms share their exponential and their logarithm.
struct LogLoss;

impl<F: Float> Elementwise<F, 2> for LogLoss {
    fn name(&self) -> &'static str {
        "bce_with_logits"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(1 + exp(x)) - t·x", &[("x", "σ(x) - t"), ("t", "-x")]))
    }

    #[inline(always)]
    fn element(&self, [x, t]: [F; 2]) -> F {
        // softplus(±x) = max(±x, 0) + ln(1 + e^-|x|)
        let bend = (-x.abs()).exp().ln_1p();
        share_of(F::one() - t, x.max(F::zero()) + bend) + share_of(t, (-x).max(F::zero()) + bend)
    }

    fn vjp(&self, wrt: usize, [x, t]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * elementwise(Slope, [x, t]),
            _ => -(dy * x),
        }
    }
}

/// `(1 - t)·σ(x) - t·σ(-x)`, which is `σ(x) - t` without cancellation. The derivatives are `σ·(1 - σ)` and -1.
struct Slope;

impl<F: Float> Elementwise<F, 2> for Slope {
    fn name(&self) -> &'static str {
        "bce_with_logits_slope"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("σ(x) - t", &[("x", "σ(x)·σ(-x)"), ("t", "-1")]))
    }

    #[inline(always)]
    fn element(&self, [x, t]: [F; 2]) -> F {
        // σ(x) and σ(-x) over the common denominator 1 + e^-|x|, which cannot overflow.
        let small = (-x.abs()).exp();
        let (rising, falling) = if x < F::zero() { (small, F::one()) } else { (F::one(), small) };
        ((F::one() - t) * rising - t * falling) / (F::one() + small)
    }

    fn vjp(&self, wrt: usize, [x, _]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * x.sigmoid() * (-x).sigmoid(),
            _ => -dy,
        }
    }
}

compiled!(Elementwise<2> LogLoss);
compiled!(Elementwise<2> Slope);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;
    use crate::bce;

    #[test]
    fn operations() {
        let (x, t) = (|| Domain::between(-2.0, 2.0), || Domain::between(0.0, 1.0));
        sweep::binary("bce_with_logits", x(), t(), |x, t| elementwise(LogLoss, [x, t]));
        sweep::binary("bce_with_logits_slope", x(), t(), |x, t| elementwise(Slope, [x, t]));
    }

    #[test]
    fn derivatives() {
        let x = Tensor::from([[0.1, -0.5, 2.0], [-3.0, 0.7, 0.0]]);
        let t = Tensor::from([[1.0, 0.0, 0.4], [0.2, 0.5, 0.9]]);
        for weight in [None, Some(Tensor::from([0.5, 2.0, 1.0]))] {
            for pos_weight in [None, Some(Tensor::from([[3.0], [0.5]]))] {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                    let options = BceWithLogits { weight: weight.clone(), pos_weight: pos_weight.clone(), reduction };
                    gradcheck(|[x, t]| options.loss(x, t), [&x, &t], Check::order(2)).unwrap();
                }
            }
        }
    }

    #[test]
    fn is_the_loss_of_the_sigmoid() {
        let x = Tensor::<f64>::from([-3.0, -0.5, 0.0, 1.0, 4.0]);
        let t = Tensor::from([1.0, 0.0, 0.25, 1.0, 0.5]);
        let difference = bce_with_logits(&x, &t) - bce(&x.sigmoid(), &t);
        assert!(difference.item().abs() < 1e-15, "{difference}");
    }

    #[test]
    fn exact_for_large_logits() {
        let x = Tensor::param([1000.0_f32, -1000.0, 1000.0, -1000.0, 40.0, -40.0]);
        let t = Tensor::from([0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        let losses = BceWithLogits { reduction: Reduction::None, ..BceWithLogits::default() }.loss(&x, &t);
        let tiny = (-40.0_f32).exp();
        assert_eq!(losses.to_vec(), [1000.0, 1000.0, 0.0, 0.0, tiny, tiny]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [1.0, -1.0, 0.0, 0.0, -tiny, tiny]);
    }

    #[test]
    fn pos_weight_applies_to_the_positive_term_only() {
        let x = Tensor::<f64>::from([[-3.0, 0.5], [1.0, 1000.0]]);
        let t = Tensor::from([[1.0, 0.0], [0.25, 0.0]]);
        let none = BceWithLogits { reduction: Reduction::None, ..BceWithLogits::default() };
        let triple = BceWithLogits { pos_weight: Some(Tensor::from([3.0, 1.0])), ..none.clone() };
        let expected = none.loss(&x, &t) + &t * (-&x).softplus() * Tensor::from([2.0, 0.0]);
        let difference = triple.loss(&x, &t) - expected;
        assert!(difference.to_vec().iter().all(|x| x.abs() < 1e-15), "{difference}");
    }

    #[test]
    fn nan_propagates() {
        let x = Tensor::param([f64::NAN, 1.0]);
        let loss = bce_with_logits(&x, &Tensor::from([1.0, 1.0]));
        assert!(loss.item().is_nan());
        assert!(loss.backward()[&x].to_vec()[0].is_nan());
    }
}
