//! A piecewise-linear logistic function: `relu6(x + 3) / 6`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The piecewise-linear logistic function `min(max(x + 3, 0), 6) / 6` of every element (Howard and others 2019,
    /// [arXiv:1905.02244](https://arxiv.org/abs/1905.02244)). The derivative at -3 and 3 is 0, as in PyTorch; NaN stays
    /// NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-4.0, -1.5, 0.0, 3.0]).hardsigmoid().to_vec(), [0.0, 0.25, 0.5, 1.0]);
    /// ```
    pub fn hardsigmoid(&self) -> Tensor<F> {
        (self + F::from_f64(3.0)).relu6() / F::from_f64(6.0)
    }
}
