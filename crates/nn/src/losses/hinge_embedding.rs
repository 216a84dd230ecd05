//! The hinge loss of a distance: pairs that belong together are pulled, others pushed apart up to a margin.

use downhill_tensor::{Float, Tensor, where_};

use super::Reduction;
use super::targets::{assert_same_shape, assert_signs};

/// The loss of distances `x`: `x` where the label is 1, `max(0, margin - x)` where it is -1, with its options. Without
/// options: [`hinge_embedding`].
#[derive(Clone, Copy, Debug)]
pub struct HingeEmbedding {
    /// The distance from which a pair with the label -1 costs nothing.
    pub margin: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for HingeEmbedding {
    fn default() -> Self {
        HingeEmbedding { margin: 1.0, reduction: Reduction::Mean }
    }
}

/// The mean over distances `x` and labels of the same shape of `x` where the label is 1 and `max(0, 1 - x)` where it is
/// -1. `x` is often the distance between two embeddings. The derivative exactly at the margin is 0.
///
/// ```
/// use downhill_nn::hinge_embedding;
/// use downhill_tensor::Tensor;
/// let loss = hinge_embedding(&Tensor::from([0.5, 0.25, 3.0]), &Tensor::from([1.0, -1.0, -1.0]));
/// assert_eq!(loss.item(), (0.5 + 0.75 + 0.0) / 3.0);
/// ```
///
/// # Panics
/// If the shapes differ, or a label is neither 1 nor -1. (PyTorch adds up both terms for any other label.)
#[track_caller]
pub fn hinge_embedding<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    HingeEmbedding::default().loss(input, target)
}

impl HingeEmbedding {
    /// The loss; shapes as in [`hinge_embedding`].
    ///
    /// # Panics
    /// If the shapes differ, or a label is neither 1 nor -1.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("hinge_embedding", input, target);
        assert_signs("hinge_embedding", target);
        let missing = (-input + F::from_f64(self.margin)).relu();
        self.reduction.of(where_(&target.gt(F::zero()), input, missing))
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.25]]), Tensor::from([[1.0, 1.0], [-1.0, -1.0]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x]| HingeEmbedding { margin: 1.5, reduction }.loss(x, &t), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn values_by_hand() {
        let x = Tensor::param([3.0, -1.0, 0.5, 2.0, 5.0]);
        let t = Tensor::from([1.0, 1.0, -1.0, -1.0, -1.0]);
        let losses = HingeEmbedding { margin: 2.0, reduction: Reduction::None }.loss(&x, &t);
        assert_eq!(losses.to_vec(), [3.0, -1.0, 1.5, 0.0, 0.0]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [1.0, 1.0, -1.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "hinge_embedding: label 0 at index [1] is neither 1 nor -1")]
    fn a_label_of_zero() {
        hinge_embedding(&Tensor::from([0.5, 0.5]), &Tensor::from([1.0, 0.0]));
    }
}
