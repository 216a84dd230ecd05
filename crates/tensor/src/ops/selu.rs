//! The scaled exponential linear unit: `λ·elu(x, α)`.
//!
//! Composed of [`elu`](Tensor::elu), which has the derivatives.

use crate::{Float, Tensor};

/// The constants for which activations tend to mean 0 and variance 1 from layer to layer.
const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

impl<F: Float> Tensor<F> {
    /// The scaled exponential linear unit of every element: `λx` above 0, `λα(eˣ - 1)` elsewhere, with λ = 1.0507… and
    /// α = 1.6733… (Klambauer and others 2017, "Self-normalizing neural networks",
    /// [arXiv:1706.02515](https://arxiv.org/abs/1706.02515)). The derivative at 0 is `λα`, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1.0, 0.0, 1.0_f64]).selu().to_vec();
    /// assert!((y[0] + 1.1113307378125625).abs() < 1e-15);
    /// assert_eq!(y[1..], [0.0, 1.0507009873554805]);
    /// ```
    pub fn selu(&self) -> Tensor<F> {
        self.elu(F::from_f64(ALPHA)) * F::from_f64(SCALE)
    }
}
