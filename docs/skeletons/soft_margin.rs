//! The logistic loss of labels ±1.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::targets::assert_same_shape;

/// The logistic loss `ln(1 + exp(-t·x))` of labels `t = ±1`, with its option. Without: [`soft_margin`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftMargin {
    /// What is returned.
    pub reduction: Reduction,
}

// With a doctest and a section `# Panics`, as everything public.
#[track_caller]
pub fn soft_margin<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    SoftMargin::default().loss(input, target)
}

impl SoftMargin {
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
        let x = Tensor::from([0.0, 1e3, 1e3]);
        assert_eq!(loss.loss(&x, &Tensor::from([1.0, 1.0, -1.0])).to_vec(), [2.0_f64.ln(), 0.0, 1e3]);
        assert_eq!(soft_margin(&x, &Tensor::from([1.0, 1.0, -1.0])).item(), (2.0_f64.ln() + 1e3) / 3.0);
    }
}
