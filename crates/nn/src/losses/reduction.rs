//! Reduction of the elementwise losses to a scalar.

use downhill_tensor::{Float, Tensor};

/// How a loss reduces the elementwise losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// No reduction: the elementwise losses, in their shape.
    None,
    /// The mean. Losses with class weights divide by the sum of the weights, as documented there.
    #[default]
    Mean,
    /// The sum.
    Sum,
    /// The sum divided by the size of the first axis, the batch. PyTorch has this for `kl_div` only.
    BatchMean,
}

impl Reduction {
    /// Reduces elementwise losses.
    pub(crate) fn of<F: Float>(self, losses: Tensor<F>) -> Tensor<F> {
        match self {
            Reduction::None => losses,
            Reduction::Mean => losses.mean(),
            Reduction::Sum => losses.sum(),
            Reduction::BatchMean => {
                let batch = batch_size(losses.shape());
                losses.sum() / F::from_f64(batch)
            }
        }
    }

    /// [`of`](Self::of) for weighted losses: the mean divides by the total weight.
    pub(crate) fn of_weighted<F: Float>(self, losses: Tensor<F>, total_weight: f64) -> Tensor<F> {
        match self {
            Reduction::Mean => losses.sum() / F::from_f64(total_weight),
            other => other.of(losses),
        }
    }

    /// The divisor of the sum of losses of this shape and total weight; `None` if they are not summed.
    pub(crate) fn divisor(self, shape: &[usize], total_weight: f64) -> Option<f64> {
        match self {
            Reduction::None => None,
            Reduction::Mean => Some(total_weight),
            Reduction::Sum => Some(1.0),
            Reduction::BatchMean => Some(batch_size(shape)),
        }
    }
}

/// Without a batch axis the batch size is 1. At least 1, so that the sum over an empty batch stays 0.
fn batch_size(shape: &[usize]) -> f64 {
    shape.first().map_or(1, |&n| n.max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reduction() {
        let losses = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]);
        assert_eq!(Reduction::None.of(losses.clone()), losses);
        assert_eq!(Reduction::Mean.of(losses.clone()).item(), 4.0);
        assert_eq!(Reduction::Sum.of(losses.clone()).item(), 24.0);
        assert_eq!(Reduction::BatchMean.of(losses).item(), 12.0);
        assert_eq!(Reduction::BatchMean.of(Tensor::from(3.0)).item(), 3.0);
        assert_eq!(Reduction::BatchMean.of(Tensor::<f64>::zeros(&[0, 3])).item(), 0.0);
    }
}
