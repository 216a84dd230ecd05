//! The sign: -1, 0 or 1. Its derivative is zero everywhere, so the result is a constant.

use crate::elementwise::step;
use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The sign of every element: -1, 0 or 1, and NaN for NaN (0 in PyTorch). A constant: no gradient flows through a
    /// step.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, -0.0, 0.0, 3.0]).sign().to_vec(), [-1.0, 0.0, 0.0, 1.0]);
    /// ```
    pub fn sign(&self) -> Tensor<F> {
        step(self, |x| if x == F::zero() { F::zero() } else { x.signum() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_constant() {
        let x = Tensor::param([-2.0_f32, -0.0, 0.0, 3.0, f32::INFINITY]);
        let y = x.sign();
        assert_eq!(y.to_vec(), [-1.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(!y.requires_grad());
        assert!(Tensor::from(f64::NAN).sign().item().is_nan());
    }
}
