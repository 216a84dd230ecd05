//! The sine; the derivative is the cosine.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Sin;

impl<F: Float> Op<F, 1> for Sin {
    fn name(&self) -> &'static str {
        "sin"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.sin())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.cos()
    }
}

impl<F: Float> Tensor<F> {
    /// The sine of every element, in radians.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.sin().item(), 0.0);
    /// assert_eq!(x.sin().backward()[&x].item(), 1.0);
    /// ```
    pub fn sin(&self) -> Tensor<F> {
        apply(Sin, [self])
    }
}
