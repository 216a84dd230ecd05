//! A piecewise-linear hyperbolic tangent: `x` limited to -1..=1.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Every element limited to -1..=1: [`clamp`](Self::clamp) with the bounds that PyTorch's `hardtanh` has unless told
    /// otherwise. The derivative at the bounds is 0, as in PyTorch; NaN stays NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 2.0]).hardtanh().to_vec(), [-1.0, 0.5, 1.0]);
    /// ```
    pub fn hardtanh(&self) -> Tensor<F> {
        self.clamp(-F::one(), F::one())
    }
}
