//! The natural logarithm of one more: `ln(1 + x)`; the derivative is `1 / (1 + x)`.
//!
//! A primitive for numerical stability: `1 + x` rounds `x` away near 0.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Log1p;

impl<F: Float> Op<F, 1> for Log1p {
    fn name(&self) -> &'static str {
        "log1p"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.ln_1p())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x + F::one())
    }
}

impl<F: Float> Tensor<F> {
    /// The natural logarithm of one more than every element, exact near 0 too: -inf at -1, with derivative inf; NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([-1.0, 0.0, 1e-20]);
    /// assert_eq!(x.log1p().to_vec(), [f64::NEG_INFINITY, 0.0, 1e-20]);
    /// ```
    pub fn log1p(&self) -> Tensor<F> {
        apply(Log1p, [self])
    }
}
