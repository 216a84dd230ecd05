//! The absolute error.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The absolute error `|x - t|`, with its option. Without options: [`l1`].
#[derive(Clone, Copy, Debug, Default)]
pub struct L1 {
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean absolute error between predictions and targets of the same shape. The derivative at an error of 0 is 0.
///
/// ```
/// use downhill_nn::l1;
/// use downhill_tensor::Tensor;
/// let loss = l1(&Tensor::from([1.0, 2.0]), &Tensor::from([0.0, 5.0]));
/// assert_eq!(loss.item(), 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn l1<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    L1::default().loss(input, target)
}

impl L1 {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("l1", input, target);
        self.reduction.of((input - target).abs())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.25, 1.0], [-3.0, 0.25]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x, t]| L1 { reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn no_gradient_without_error() {
        let x = Tensor::param([1.0, 2.0]);
        assert_eq!(l1(&x, &Tensor::from([1.0, 0.0])).backward()[&x].to_vec(), [0.0, 0.5]);
    }
}
