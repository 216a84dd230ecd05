//! The square: `x²`; the derivative is `2x`.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Square;

impl<F: Float> Op<F, 1> for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x * x)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x * F::from_f64(2.0)
    }
}

impl<F: Float> Tensor<F> {
    /// The square of every element.
    pub fn square(&self) -> Tensor<F> {
        apply(Square, [self])
    }
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("square", Domain::between(-2.0, 2.0), |x| x.square());
    }
}
