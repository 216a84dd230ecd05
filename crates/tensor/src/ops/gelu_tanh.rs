//! The Gaussian error linear unit approximated by a hyperbolic tangent: `½x(1 + tanh u)`, `u = √(2/π)·(x + 0.044715x³)`.
//!
//! Composed as `x·σ(2u)`, which is the same function and keeps its digits at large negative `x`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The approximation `½x(1 + tanh(√(2/π)·(x + 0.044715x³)))` of [`gelu`](Self::gelu), for every element (Hendrycks
    /// and Gimpel 2016, [arXiv:1606.08415](https://arxiv.org/abs/1606.08415), section 2); within 5e-4 of it.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0, 1000.0_f64]).gelu_tanh().to_vec();
    /// assert_eq!([y[0], y[1], y[3]], [0.0, 0.0, 1000.0]);
    /// assert!((y[2] - 0.8411919906082768).abs() < 1e-15);
    /// ```
    pub fn gelu_tanh(&self) -> Tensor<F> {
        // 2u = x·(linear + cubic·x²)
        let linear = F::from_f64((8.0 / std::f64::consts::PI).sqrt());
        let cubic = linear * F::from_f64(0.044715);
        self * (self * (self.square() * cubic + linear)).sigmoid()
    }
}
