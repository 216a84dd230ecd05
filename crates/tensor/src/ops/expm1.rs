//! The exponential less one: `eˣ - 1`; the derivative is `eˣ`.
//!
//! A primitive for numerical stability: `eˣ` rounds `x` away near 0.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Expm1;

impl<F: Float> Op<F, 1> for Expm1 {
    fn name(&self) -> &'static str {
        "expm1"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.exp_m1())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // Not `y + 1`, which has no digits left where `y` is near -1.
        dy * x.exp()
    }
}

impl<F: Float> Tensor<F> {
    /// The exponential less one, `eˣ - 1`, of every element, exact near 0 too.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([-1000.0, 0.0, 1e-20]);
    /// assert_eq!(x.expm1().to_vec(), [-1.0, 0.0, 1e-20]);
    /// ```
    pub fn expm1(&self) -> Tensor<F> {
        apply(Expm1, [self])
    }
}
