//! The hard tanh, a piecewise-linear hyperbolic tangent: `x` clamped to -1..=1.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The hard tanh: every element clamped to -1..=1, the default bounds of PyTorch's `hardtanh` (for others see
    /// [`clamp`](Self::clamp)). The derivative at the bounds is 0, as in PyTorch; NaN stays NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 2.0]).hardtanh().to_vec(), [-1.0, 0.5, 1.0]);
    /// ```
    pub fn hardtanh(&self) -> Tensor<F> {
        self.clamp(-F::one(), F::one())
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("hardtanh", Domain::between(-2.0, 2.0).avoiding(&[-1.0, 1.0]), |x| x.hardtanh());
    }

    #[test]
    fn the_kinks() {
        let table =
            [(-1.0, [-1.0, 0.0, 0.0]), (0.5, [0.5, 1.0, 0.0]), (1.0, [1.0, 0.0, 0.0]), (1000.0, [1.0, 0.0, 0.0])];
        points::exact(Tensor::hardtanh, Tensor::hardtanh, &table);
        points::keeps_nan(Tensor::hardtanh, Tensor::hardtanh);
    }
}
