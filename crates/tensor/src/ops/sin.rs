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

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("sin", Domain::between(-4.0, 4.0), |x| x.sin());
    }

    #[test]
    fn values() {
        points::exact(Tensor::sin, Tensor::sin, &[(0.0, [0.0, 1.0, 0.0]), (f64::INFINITY, [f64::NAN; 3])]);
        points::close(Tensor::sin, 1e-15, &[(0.5, [0.479425538604203, 0.8775825618903728, -0.479425538604203])]);
        points::keeps_nan(Tensor::sin, Tensor::sin);
    }
}
