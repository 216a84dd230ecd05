//! The reciprocal of the square root: `1 / √x`.
//!
//! Composed of [`sqrt`](Tensor::sqrt) and [`recip`](Tensor::recip), which have the derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The reciprocal `1 / √x` of the square root of every element: inf at 0, with derivative -inf; NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 4.0]);
    /// assert_eq!(x.rsqrt().to_vec(), [f64::INFINITY, 0.5]);
    /// assert_eq!(x.rsqrt().sum().backward()[&x].to_vec(), [f64::NEG_INFINITY, -0.0625]);
    /// ```
    pub fn rsqrt(&self) -> Tensor<F> {
        self.sqrt().recip()
    }
}
