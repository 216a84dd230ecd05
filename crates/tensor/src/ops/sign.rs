//! The sign: -1, 0 or 1. Its derivative is zero everywhere, so the record of the result has no inputs.

use crate::elementwise::step;
use crate::record::unvarying;
use crate::{Float, Tensor, is_recording};

impl<F: Float> Tensor<F> {
    /// The sign of every element: -1, 0 or 1, and NaN for NaN (0 in PyTorch). A step function: no gradient flows
    /// through it, and [`grad`](crate::grad) returns zeros.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, -0.0, 0.0, 3.0]).sign().to_vec(), [-1.0, 0.0, 0.0, 1.0]);
    /// ```
    pub fn sign(&self) -> Tensor<F> {
        let signs = self.signs();
        if self.requires_grad() && is_recording() { unvarying("sign", &signs) } else { signs }
    }

    /// The sign of every element as a constant, for derivative rules.
    pub(crate) fn signs(&self) -> Tensor<F> {
        step(self, |x| if x == F::zero() { F::zero() } else { x.signum() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_the_derivative_zero() {
        let x = Tensor::param([-2.0_f32, -0.0, 0.0, 3.0, f32::INFINITY]);
        let y = x.sign();
        assert_eq!(y.to_vec(), [-1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(crate::grad(&y.sum(), [&x])[0], Tensor::zeros(&[5]));
        assert!(!x.signs().requires_grad() && !x.detach().sign().requires_grad());
        assert!(Tensor::from(f64::NAN).sign().item().is_nan());
    }
}
