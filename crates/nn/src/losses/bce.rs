//! The binary cross-entropy of probabilities.

use downhill_tensor::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

use super::Reduction;
use super::targets::{assert_same_shape, weighted};

/// The binary cross-entropy `-(t·ln p + (1 - t)·ln(1 - p))` of probabilities `p`, with its options. Without options:
/// [`bce`]. If `p` is a sigmoid, pass its argument to [`BceWithLogits`](super::BceWithLogits) instead, which is
/// numerically stable.
#[derive(Clone, Debug)]
pub struct Bce<F: Float = f32> {
    /// A factor for each element's loss; it broadcasts.
    pub weight: Option<Tensor<F>>,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for Bce<F> {
    fn default() -> Self {
        Bce { weight: None, reduction: Reduction::Mean }
    }
}

/// The mean binary cross-entropy between probabilities and targets of the same shape, both in [0, 1].
///
/// As in PyTorch, the logarithms are clamped at -100, so a confident mistake costs 100 instead of infinity, and the
/// denominator of the gradient `(p - t)/(p·(1 - p))` is clamped at 1e-12. [`Bce`] has options.
///
/// ```
/// use downhill_nn::bce;
/// use downhill_tensor::Tensor;
/// let loss = bce(&Tensor::from([0.5, 1.0, 0.0]), &Tensor::from([1.0, 1.0, 1.0]));
/// assert_eq!(loss.item(), (2.0_f64.ln() + 0.0 + 100.0) / 3.0);
/// ```
///
/// # Panics
/// If the shapes differ, or a probability is not in [0, 1].
#[track_caller]
pub fn bce<F: Float>(probabilities: &Tensor<F>, targets: &Tensor<F>) -> Tensor<F> {
    Bce::default().loss(probabilities, targets)
}

impl<F: Float> Bce<F> {
    /// The loss; shapes as in [`bce`].
    ///
    /// # Panics
    /// If the shapes differ, a probability is not in [0, 1], or the weight does not broadcast to the losses.
    #[track_caller]
    pub fn loss(&self, probabilities: &Tensor<F>, targets: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("bce", probabilities, targets);
        // NaN passes: a diverged network should show in its loss, not here.
        if let Some(p) = probabilities.view().iter().find(|&&p| p < F::zero() || p > F::one()) {
            panic!("bce: {p} is not a probability in [0, 1]; if the input is logits, use `bce_with_logits`");
        }
        let losses = elementwise(BinaryCrossEntropy, [probabilities, targets]);
        self.reduction.of(weighted("bce", losses, self.weight.as_ref()))
    }
}

/// The elementwise loss. A primitive for numerical stability: composed, `0·ln 0` is NaN.
struct BinaryCrossEntropy;

impl BinaryCrossEntropy {
    /// Where PyTorch clamps the logarithms.
    const FLOOR: f64 = -100.0;
    /// The smallest denominator of the gradient.
    const LEAST: f64 = 1e-12;
}

impl<F: Float> Elementwise<F, 2> for BinaryCrossEntropy {
    fn name(&self) -> &'static str {
        "bce"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise(
            "-(t·ln(p) + (1 - t)·ln(1 - p))",
            &[("p", "(p - t)/(p·(1 - p))"), ("t", "ln(1 - p) - ln(p)")],
        ))
    }

    #[inline(always)]
    fn element(&self, [p, t]: [F; 2]) -> F {
        let floor = F::from_f64(Self::FLOOR);
        // Not `max`, which would turn NaN into the floor.
        let cut = |x: F| if x < floor { floor } else { x };
        (t - F::one()) * cut((-p).ln_1p()) - t * cut(p.ln())
    }

    fn vjp(&self, wrt: usize, [p, t]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            // Not `p - p²`, which loses the digits that `1 - p` has near 1.
            0 => dy * (p - t) / (p * (-p + F::one())).clamp_min(F::from_f64(Self::LEAST)),
            _ => {
                let floor = F::from_f64(Self::FLOOR);
                dy * ((-p).log1p().clamp_min(floor) - p.ln().clamp_min(floor))
            }
        }
    }
}

compiled!(Elementwise<2> BinaryCrossEntropy);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let (p, t) = (Domain::between(0.1, 0.9), Domain::between(0.0, 1.0));
        sweep::binary("bce", p, t, |p, t| elementwise(BinaryCrossEntropy, [p, t]));
    }

    #[test]
    fn derivatives() {
        let p = Tensor::from([[0.1, 0.5, 0.9], [0.3, 0.7, 0.2]]);
        let t = Tensor::from([[1.0, 0.0, 0.4], [0.2, 0.5, 0.9]]);
        for weight in [None, Some(Tensor::from([0.5, 2.0, 1.0]))] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                let options = Bce { weight: weight.clone(), reduction };
                gradcheck(|[p, t]| options.loss(p, t), [&p, &t], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn a_confident_mistake_costs_100_and_its_gradient_is_finite() {
        let p = Tensor::param([0.0, 1.0, 0.0, 1.0]);
        let t = Tensor::from([1.0, 0.0, 0.0, 1.0]);
        let losses = Bce { reduction: Reduction::None, ..Bce::default() }.loss(&p, &t);
        assert_eq!(losses.to_vec(), [100.0, 100.0, 0.0, 0.0]);
        assert_eq!(losses.sum().backward()[&p].to_vec(), [-1e12, 1e12, 0.0, 0.0]);
    }

    /// With respect to the target the gradient is `ln(1 - p) - ln p`, both clamped at -100.
    #[test]
    fn the_gradient_of_the_target_is_at_most_100() {
        fn check<F: Float>() {
            let p = Tensor::<F>::from([0.0, 1.0, 0.5, 1e-45].map(F::from_f64));
            for target in [0.0, 0.5, 1.0] {
                let t = Tensor::param(Tensor::full(&[4], F::from_f64(target)));
                let losses = Bce { reduction: Reduction::Sum, ..Bce::default() }.loss(&p, &t);
                let slope = losses.backward()[&t].to_vec().into_iter().map(F::as_f64).collect::<Vec<_>>();
                assert_eq!(slope[..3], [100.0, -100.0, 0.0], "{}", F::NAME);
                // In f32, 1e-45 is 2^-149, whose logarithm is below -100 too.
                assert!(slope[3] == 100.0, "{}: {}", F::NAME, slope[3]);
            }
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn nan_propagates() {
        assert!(bce(&Tensor::from([f64::NAN]), &Tensor::from([1.0])).item().is_nan());
    }

    #[test]
    #[should_panic(expected = "bce: 1.5 is not a probability")]
    fn logits_are_not_probabilities() {
        bce(&Tensor::from([1.5]), &Tensor::from([1.0]));
    }

    #[test]
    #[should_panic(expected = "bce: shape mismatch: input [2, 1] and targets [2]: the shapes must be equal")]
    fn no_broadcasting() {
        bce(&Tensor::from([[0.5], [0.5]]), &Tensor::from([1.0, 1.0]));
    }

    #[test]
    #[should_panic(expected = "bce: cannot broadcast the weight of shape [1, 1, 3] to the losses of shape [3]")]
    fn a_weight_with_more_axes() {
        let options = Bce { weight: Some(Tensor::ones(&[1, 1, 3])), ..Bce::default() };
        options.loss(&Tensor::from([0.5, 0.5, 0.5]), &Tensor::from([1.0, 1.0, 1.0]));
    }

    #[test]
    #[should_panic(expected = "bce: cannot broadcast the weight of shape [2] to the losses of shape [3]")]
    fn a_weight_of_the_wrong_size() {
        let options = Bce { weight: Some(Tensor::from([1.0, 1.0])), ..Bce::default() };
        options.loss(&Tensor::from([0.5, 0.5, 0.5]), &Tensor::from([1.0, 1.0, 1.0]));
    }
}
