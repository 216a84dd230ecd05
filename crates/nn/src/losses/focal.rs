//! The focal loss of a binary classifier: the binary cross-entropy, with little weight on what is predicted well already.
//!
//! Lin et al., "Focal loss for dense object detection", arXiv 1708.02002.

use downhill_tensor::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};
use ndarray::Dimension;

use super::Reduction;
use super::share::share;
use super::targets::{assert_same_shape, weighted};

/// The focal loss `-α·(1 - p)^γ·ln p` of logits, where `p` is the predicted probability of the true label, with its
/// options. Without options: [`focal`]. For more than two classes: [`MultiClassFocal`](crate::MultiClassFocal).
#[derive(Clone, Copy, Debug)]
pub struct Focal {
    /// The weight `α` of the label 1; that of the label 0 is `1 - α`. `None` weighs both by 1.
    pub alpha: Option<f64>,
    /// `γ`, how fast the weight falls as the prediction gets better; with 0 the loss is the binary cross-entropy.
    pub gamma: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for Focal {
    /// The values of the paper, which are also those of torchvision's `sigmoid_focal_loss`.
    fn default() -> Self {
        Focal { alpha: Some(0.25), gamma: 2.0, reduction: Reduction::Mean }
    }
}

/// The mean focal loss `-α·(1 - p)²·ln p` of logits and labels 0 or 1 of the same shape, where `p` is the predicted
/// probability of the label, `σ(x)` or `1 - σ(x)`, and `α` is 0.25 for the label 1 and 0.75 for the label 0. An infinite
/// logit with the right sign costs 0, with the wrong sign infinity. [`Focal`] has options.
///
/// ```
/// use downhill_nn::focal;
/// use downhill_tensor::Tensor;
/// let loss = focal(&Tensor::from([0.0, 1000.0]), &Tensor::from([1.0, 1.0]));
/// assert_eq!(loss.item(), 0.25 * 0.25 * 2.0_f64.ln() / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, or a label is neither 0 nor 1 (there is no agreed focal loss of a probability).
#[track_caller]
pub fn focal<F: Float>(logits: &Tensor<F>, labels: &Tensor<F>) -> Tensor<F> {
    Focal::default().loss(logits, labels)
}

impl Focal {
    /// The loss; shapes as in [`focal`].
    ///
    /// # Panics
    /// If the shapes differ, a label is neither 0 nor 1, `gamma` is negative or not finite, or `alpha` is not in [0, 1].
    #[track_caller]
    pub fn loss<F: Float>(&self, logits: &Tensor<F>, labels: &Tensor<F>) -> Tensor<F> {
        let Focal { alpha, gamma, reduction } = *self;
        assert!(alpha.is_none_or(|a| (0.0..=1.0).contains(&a)), "focal: alpha must be in [0, 1], got {alpha:?}");
        assert_same_shape("focal", logits, labels);
        let view = labels.view();
        if let Some((index, label)) = view.indexed_iter().find(|&(_, &label)| label != F::zero() && label != F::one()) {
            panic!("focal: label {label} at index {:?} is neither 0 nor 1", index.slice());
        }
        // The logit of the wrong label: `x` for the label 0, `-x` for the label 1.
        let sign = Tensor::from(view.mapv(|label| F::one() - label - label));
        let losses = of_wrong("focal", gamma, &(logits * sign));
        let weight = alpha.map(|alpha| {
            let [negative, positive] = [1.0 - alpha, alpha].map(F::from_f64);
            Tensor::from(view.mapv(|label| if label == F::zero() { negative } else { positive }))
        });
        reduction.of(weighted("focal", losses, weight.as_ref()))
    }
}

/// `(1 - p)^γ·(-ln p)`, where `z` is the logit of all that is wrong: `1 - p = σ(z)`.
///
/// # Panics
/// If `gamma` is negative or not finite.
#[track_caller]
pub(super) fn of_wrong<F: Float>(loss: &str, gamma: f64, z: &Tensor<F>) -> Tensor<F> {
    assert!(gamma >= 0.0 && gamma.is_finite(), "{loss}: gamma must be finite and non-negative, got {gamma}");
    elementwise(OfWrong { gamma: F::from_f64(gamma) }, [z])
}

/// `σ(z)^γ·softplus(z)` of the logit `z` of the wrong label; the derivative is `σ^γ·(σ + γ·(1 - σ)·softplus(z))`.
///
/// A primitive for the limits: where `σ(z)` vanishes, the derivative of its power may be infinite.
struct OfWrong<F> {
    gamma: F,
}

impl<F: Float> Elementwise<F, 1> for OfWrong<F> {
    fn name(&self) -> &'static str {
        "focal"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise(
            "σ(x)^gamma·ln(1 + exp(x))",
            &[("x", "σ(x)^gamma·(σ(x) + gamma·σ(-x)·ln(1 + exp(x)))")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("gamma", self.gamma.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [z]: [F; 1]) -> F {
        let small = (-z.abs()).exp();
        let sigma = if z < F::zero() { small } else { F::one() } / (F::one() + small);
        // `max` drops NaN; the logarithm keeps it.
        sigma.powf(self.gamma) * (z.max(F::zero()) + small.ln_1p())
    }

    fn vjp(&self, _wrt: usize, [z]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if self.gamma == F::zero() {
            return dy * z.sigmoid();
        }
        // As an exponential, whose derivatives stay finite where it vanishes.
        let power = (z.log_sigmoid() * self.gamma).exp();
        dy * power * (z.sigmoid() + share(&(-z).sigmoid(), &z.softplus()) * self.gamma)
    }
}

compiled!(Elementwise<1> OfWrong<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, grad, gradcheck};

    use super::*;
    use crate::bce_with_logits;

    #[test]
    fn operations() {
        for gamma in [0.0, 0.5, 2.0] {
            sweep::unary("focal", Domain::between(-2.0, 2.0), |z| elementwise(OfWrong { gamma }, [z]));
        }
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[1.0, 1.0], [0.0, 0.0]]));
        for alpha in [None, Some(0.3)] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                let options = Focal { alpha, gamma: 1.5, reduction };
                gradcheck(|[x]| options.loss(x, &t), [&x], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn values_by_hand() {
        let x = Tensor::<f64>::from([3.0_f64.ln(), 3.0_f64.ln(), 0.0]);
        let t = Tensor::from([1.0, 0.0, 0.0]);
        // The probabilities of the labels are 3/4, 1/4 and 1/2.
        let losses = Focal { alpha: Some(0.25), gamma: 2.0, reduction: Reduction::None }.loss(&x, &t);
        let parts = [(0.25, 0.75), (0.75, 0.25), (0.75, 0.5)];
        let expected = Tensor::from(parts.map(|(alpha, p): (f64, f64)| -alpha * (1.0 - p).powi(2) * p.ln()));
        assert!(losses.all_close(&expected, 1e-14, 0.0), "{losses}");
        let plain = Focal { alpha: None, gamma: 0.0, reduction: Reduction::Mean };
        assert_eq!(plain.loss(&x, &t).item(), bce_with_logits(&x, &t).item());
    }

    /// Also the second derivative is finite where the weight vanishes, for a power below 1 too.
    #[test]
    fn far_out() {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let x = Tensor::param([1e3, -1e3, 1e5]);
            let loss = Focal { alpha: None, gamma, reduction: Reduction::Sum }.loss(&x, &Tensor::from([1.0, 1.0, 1.0]));
            assert_eq!(loss.item(), 1e3, "{gamma}");
            let [slope] = grad(&loss, [&x]);
            assert_eq!(slope.to_vec(), [0.0, -1.0, 0.0], "{gamma}");
            let [curvature] = grad(&slope.sum(), [&x]);
            assert_eq!(curvature.to_vec(), [0.0; 3], "{gamma}");
        }
    }

    #[test]
    #[should_panic(expected = "focal: label 0.5 at index [1, 0] is neither 0 nor 1")]
    fn a_soft_label() {
        focal(&Tensor::<f32>::zeros(&[2, 1]), &Tensor::from([[1.0], [0.5]]));
    }

    #[test]
    #[should_panic(expected = "focal: alpha must be in [0, 1], got Some(-1.0)")]
    fn a_negative_alpha() {
        let options = Focal { alpha: Some(-1.0), ..Focal::default() };
        options.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }
}
