//! The logarithm of the logistic function: `ln σ(x) = -softplus(-x)`.
//!
//! Composed of [`softplus`](Tensor::softplus), which has the derivatives; `sigmoid` and `ln` would give `ln 0` below -745.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The logarithm `ln(1 / (1 + e⁻ˣ))` of the logistic function of every element: about `x` at large negative `x`,
    /// never -inf there.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.log_sigmoid().to_vec(), [-1000.0, -2.0_f64.ln(), 0.0]);
    /// assert_eq!(x.log_sigmoid().sum().backward()[&x].to_vec(), [1.0, 0.5, 0.0]);
    /// ```
    pub fn log_sigmoid(&self) -> Tensor<F> {
        -(-self).softplus()
    }
}
