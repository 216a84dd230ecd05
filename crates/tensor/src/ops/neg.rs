//! Negation: `-x`; the derivative is -1.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Neg;

impl<F: Float> Op<F, 1> for Neg {
    fn name(&self) -> &'static str {
        "neg"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| -x)
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        -dy
    }
}

/// `-x`; users write the operator.
pub(crate) fn neg<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    apply(Neg, [x])
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("neg", Domain::between(-2.0, 2.0), |x| -x);
    }
}
