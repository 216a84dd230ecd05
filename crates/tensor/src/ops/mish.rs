//! Mish: `x·tanh(softplus(x))`.
//!
//! Composed: every factor is stable for every `x`, and so are their derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Mish, `x·tanh(ln(1 + eˣ))`, of every element (Misra 2019,
    /// [arXiv:1908.08681](https://arxiv.org/abs/1908.08681)).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.mish().to_vec(), [0.0, 0.0, 1000.0]);
    /// let slope = x.mish().sum().backward()[&x].to_vec();
    /// assert_eq!([slope[0], slope[2]], [0.0, 1.0]);
    /// assert!((slope[1] - 0.6_f64).abs() < 1e-15);
    /// ```
    pub fn mish(&self) -> Tensor<F> {
        self * self.softplus().tanh()
    }
}
