//! Elementwise multiplication: `a·b`; the derivatives are `b` and `a`.

use ndarray::{ArrayD, ArrayViewD};

use crate::broadcast::check_broadcast;
use crate::{Float, Op, Tensor, apply, kernels};

struct Mul;

impl<F: Float> Op<F, 2> for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        check_broadcast(a, b)
    }

    fn forward(&self, [a, b]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::zip(&a, &b, |a, b| a * b)
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * b,
            _ => dy * a,
        }
    }
}

/// `a * b` with broadcasting; users write the operator.
#[track_caller]
pub(crate) fn mul<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    apply(Mul, [a, b])
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("mul", Domain::between(-2.0, 2.0), Domain::between(-2.0, 2.0), |a, b| a * b);
    }
}
