//! The logistic loss of labels ±1: `ln(1 + exp(-t·x))`.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The logistic loss `ln(1 + exp(-t·x))` of scores `x` and labels `t = ±1`, with its option. Without options:
/// [`soft_margin`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftMargin {
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean logistic loss `ln(1 + exp(-t·x))` of scores `x` and labels `t`, 1 or -1, of the same shape. It equals
/// [`bce_with_logits`](crate::bce_with_logits) with the targets `(t + 1)/2`. Finite for all finite scores (PyTorch gives
/// infinity below -709, in `f32` below -88).
///
/// ```
/// use downhill_nn::soft_margin;
/// use downhill_tensor::Tensor;
/// let loss = soft_margin(&Tensor::from([0.0, -1000.0]), &Tensor::from([1.0, 1.0]));
/// assert_eq!(loss.item(), (2.0_f64.ln() + 1000.0) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn soft_margin<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    SoftMargin::default().loss(input, target)
}

impl SoftMargin {
    /// The loss; shapes as in [`soft_margin`].
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("soft_margin", input, target);
        // softplus does not overflow, ln(1 + exp(..)) would.
        self.reduction.of((-(input * target)).softplus())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;
    use crate::bce_with_logits;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[1.0, 1.0], [-1.0, -1.0]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x, t]| SoftMargin { reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
        }
    }

    /// At 0 it is ln 2, and far out the distance to the right side.
    #[test]
    fn values_by_hand() {
        let loss = SoftMargin { reduction: Reduction::None };
        let (x, t) = (Tensor::from([0.0, 1e3, 1e3]), Tensor::from([1.0, 1.0, -1.0]));
        assert_eq!(loss.loss(&x, &t).to_vec(), [2.0_f64.ln(), 0.0, 1e3]);
        assert_eq!(soft_margin(&x, &t).item(), (2.0_f64.ln() + 1e3) / 3.0);
        assert_eq!(soft_margin(&x, &t).item(), bce_with_logits(&x, &Tensor::from([1.0, 1.0, 0.0])).item());
        assert!(soft_margin(&Tensor::<f32>::zeros(&[0, 3]), &Tensor::zeros(&[0, 3])).item().is_nan());
    }
}
