//! The reciprocal: `1 / x`.
//!
//! Composed of the division, which has the derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The reciprocal `1 / x` of every element: inf at 0, with derivative -inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 4.0]);
    /// assert_eq!(x.recip().to_vec(), [f64::INFINITY, 0.25]);
    /// assert_eq!(x.recip().sum().backward()[&x].to_vec(), [f64::NEG_INFINITY, -0.0625]);
    /// ```
    pub fn recip(&self) -> Tensor<F> {
        Tensor::from(F::one()) / self
    }
}
