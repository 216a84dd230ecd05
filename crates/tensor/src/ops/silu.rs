//! The sigmoid linear unit, also called swish: `x·σ(x)`.
//!
//! Composed: the product and [`sigmoid`](Tensor::sigmoid) are stable for every `x`, and so are their derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The sigmoid linear unit `x·σ(x)` of every element, also called swish (Hendrycks and Gimpel 2016,
    /// [arXiv:1606.08415](https://arxiv.org/abs/1606.08415); Elfwing, Uchibe and Doya 2017,
    /// [arXiv:1702.03118](https://arxiv.org/abs/1702.03118)).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.silu().to_vec(), [0.0, 0.0, 1000.0]);
    /// assert_eq!(x.silu().sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    pub fn silu(&self) -> Tensor<F> {
        self * self.sigmoid()
    }
}
