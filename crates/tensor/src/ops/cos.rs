//! The cosine; the derivative is the sine with the other sign.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Cos;

impl<F: Float> Op<F, 1> for Cos {
    fn name(&self) -> &'static str {
        "cos"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.cos())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        -dy * x.sin()
    }
}

impl<F: Float> Tensor<F> {
    /// The cosine of every element, in radians.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.cos().item(), 1.0);
    /// assert_eq!(x.cos().backward()[&x].item(), 0.0);
    /// ```
    pub fn cos(&self) -> Tensor<F> {
        apply(Cos, [self])
    }
}
