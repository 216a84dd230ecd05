//! The absolute error with a rounded tip.

use downhill_tensor::{Float, Tensor};

use super::huber::bent_parabola;
use super::targets::assert_same_shape;
use super::{L1, Reduction};

/// The absolute error with a rounded tip: of the error `e = x - t`, `e²/2β` where `|e| < β` and `|e| - β/2` beyond. It is
/// [`Huber`](super::Huber)'s loss divided by `β`: the slope far out is 1 whatever `β` is (Girshick, "Fast R-CNN",
/// arXiv:1504.08083). Without options: [`smooth_l1`].
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1 {
    /// `β`, where the parabola becomes a line; with 0 it is the absolute error itself.
    pub beta: f64,
    /// What is returned.
    pub reduction: Reduction,
}

impl Default for SmoothL1 {
    fn default() -> Self {
        SmoothL1 { beta: 1.0, reduction: Reduction::Mean }
    }
}

/// The smooth absolute error, with `β = 1`, between predictions and targets of the same shape; the mean of the elements.
///
/// ```
/// use downhill_nn::SmoothL1;
/// use downhill_tensor::Tensor;
/// let loss = SmoothL1 { beta: 0.5, ..SmoothL1::default() }.loss(&Tensor::from([0.25, 3.0]), &Tensor::from([0.0, 0.0]));
/// assert_eq!(loss.item(), (0.0625 + 2.75) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn smooth_l1<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    SmoothL1::default().loss(input, target)
}

impl SmoothL1 {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ, or `beta` is below 0.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert!(self.beta >= 0.0, "smooth_l1: beta {} is not 0 or above", self.beta);
        assert_same_shape("smooth_l1", input, target);
        if self.beta == 0.0 {
            return L1 { reduction: self.reduction }.loss(input, target);
        }
        let beta = F::from_f64(self.beta);
        self.reduction.of(bent_parabola(&(input - target), beta) / beta)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.25, 1.0], [-3.0, 0.25]]));
        for beta in [0.0, 0.1, 1.0, 3.0] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                // Off the kinks: no error is 0 or beta.
                let t = &t + 0.03;
                gradcheck(|[x, t]| SmoothL1 { beta, reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn joins_at_the_bend_with_slope_one() {
        let x = Tensor::param([-4.0, -2.0, 0.0, 1.0, 2.0]);
        let options = SmoothL1 { beta: 2.0, reduction: Reduction::None };
        let losses = options.loss(&x, &Tensor::zeros(&[5]));
        assert_eq!(losses.to_vec(), [3.0, 1.0, 0.0, 0.25, 1.0]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [-1.0, -1.0, 0.0, 0.5, 1.0]);
    }

    #[test]
    #[should_panic(expected = "smooth_l1: beta -1 is not 0 or above")]
    fn a_bend_below_zero() {
        SmoothL1 { beta: -1.0, ..SmoothL1::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }
}
