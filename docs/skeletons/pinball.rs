//! The pinball loss, whose minimum is a quantile.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The pinball loss `max(q·e, (q - 1)·e)` of the error `e = t - x`, with its options. Without: [`pinball`].
#[derive(Clone, Copy, Debug)]
pub struct Pinball {
    /// The quantile `q`, above 0 and below 1; with 0.5 the loss is half the absolute error, and its minimum the median.
    pub quantile: f64,
    /// What is returned.
    pub reduction: Reduction,
}

impl Default for Pinball {
    fn default() -> Self {
        Pinball { quantile: 0.5, reduction: Reduction::Mean }
    }
}

// With a doctest and a section `# Panics`, as everything public.
#[track_caller]
pub fn pinball<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    Pinball::default().loss(input, target)
}

impl Pinball {
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        let q = self.quantile;
        assert!(q > 0.0 && q < 1.0, "pinball: the quantile must be above 0 and below 1, got {q}");
        assert_same_shape("pinball", input, target);
        let error = target - input;
        self.reduction.of((&error * F::from_f64(q)).maximum(error * F::from_f64(q - 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[1.0, 1.5], [-1.0, -2.0]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            gradcheck(|[x, t]| Pinball { quantile: 0.8, reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
        }
    }

    /// Too low by 2 costs a quarter of it, too high by 4 three quarters.
    #[test]
    fn values_by_hand() {
        let loss = Pinball { quantile: 0.25, reduction: Reduction::None };
        let (x, t) = (Tensor::from([1.0, 5.0, 0.0]), Tensor::from([3.0, 1.0, 0.0]));
        assert_eq!(loss.loss(&x, &t).to_vec(), [0.5, 3.0, 0.0]);
        assert_eq!(pinball(&x, &t).item(), 1.0);
    }
}
