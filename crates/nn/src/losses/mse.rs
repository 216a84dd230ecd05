//! The squared error.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The squared error `(x - t)²`, with its option. Without: [`mse`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse {
    /// What is returned.
    pub reduction: Reduction,
}

/// The mean squared error between predictions and targets of the same shape.
///
/// ```
/// use downhill_nn::mse;
/// use downhill_tensor::Tensor;
/// let loss = mse(&Tensor::from([1.0, 2.0]), &Tensor::from([0.0, 5.0]));
/// assert_eq!(loss.item(), 5.0);
/// ```
///
/// # Panics
/// If the shapes differ. (PyTorch broadcasts, with a warning: `[n]` and `[n, 1]` then give n² errors.)
#[track_caller]
pub fn mse<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    Mse::default().loss(input, target)
}

impl Mse {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("mse", input, target);
        self.reduction.of((input - target).square())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.5, 1.0], [-3.0, 0.25]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x, t]| Mse { reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "mse of [3] with targets of shape [3, 1]: the shapes must be equal")]
    fn a_column_against_a_row() {
        mse(&Tensor::<f32>::zeros(&[3]), &Tensor::zeros(&[3, 1]));
    }
}
