//! The hinge loss of a ranking: `max(0, margin - t·(x₁ - x₂))`.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The loss `max(0, margin - t·(x₁ - x₂))` of pairs of scores, where `t = 1` says that the first should be higher and
/// `t = -1` the second, with its options. Without options: [`margin_ranking`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MarginRanking {
    /// By how much the one score must exceed the other to cost nothing.
    pub margin: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean of `max(0, -t·(x₁ - x₂))` over pairs of scores and labels `t`, 1 or -1, all of the same shape: what is
/// missing for the right order. The derivative exactly at the hinge is 0. [`MarginRanking`] has a margin.
///
/// ```
/// use downhill_nn::margin_ranking;
/// use downhill_tensor::Tensor;
/// let (first, second) = (Tensor::from([2.0, 2.0]), Tensor::from([5.0, 1.0]));
/// assert_eq!(margin_ranking(&first, &second, &Tensor::from([1.0, 1.0])).item(), 1.5);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn margin_ranking<F: Float>(input1: &Tensor<F>, input2: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    MarginRanking::default().loss(input1, input2, target)
}

impl MarginRanking {
    /// The loss; shapes as in [`margin_ranking`].
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input1: &Tensor<F>, input2: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("margin_ranking", input1, input2);
        assert_same_shape("margin_ranking", input1, target);
        self.reduction.of((target * (input2 - input1) + F::from_f64(self.margin)).relu())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (a, b) = (Tensor::from([[0.5, -1.0], [2.0, 0.25]]), Tensor::from([[1.0, 1.5], [-0.5, 0.5]]));
        let t = Tensor::from([[1.0, -1.0], [-1.0, 1.0]]);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = MarginRanking { margin: 0.1, reduction };
            gradcheck(|[a, b, t]| options.loss(a, b, t), [&a, &b, &t], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn values_by_hand() {
        let (a, b) = (Tensor::param([3.0, 3.0, 3.0, 1.0]), Tensor::param([1.0, 1.0, 2.0, 1.0]));
        let t = Tensor::from([1.0, -1.0, 1.0, -1.0]);
        let losses = MarginRanking { margin: 1.0, reduction: Reduction::None }.loss(&a, &b, &t);
        assert_eq!(losses.to_vec(), [0.0, 3.0, 0.0, 1.0]);
        let slopes = losses.sum().backward();
        // The third pair is exactly at the hinge.
        assert_eq!(slopes[&a].to_vec(), [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(slopes[&b].to_vec(), [0.0, -1.0, 0.0, -1.0]);
        assert_eq!(margin_ranking(&a, &b, &t).item(), 0.5);
    }
}
