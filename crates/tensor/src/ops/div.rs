//! Elementwise division: `y = a / b`; the derivatives are `1 / b` and `-y / b`.

use ndarray::{ArrayD, ArrayViewD};

use crate::broadcast::check_broadcast;
use crate::{Float, Op, Tensor, apply, kernels};

struct Div;

impl<F: Float> Op<F, 2> for Div {
    fn name(&self) -> &'static str {
        "div"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        check_broadcast(a, b)
    }

    fn forward(&self, [a, b]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::zip(&a, &b, |a, b| a / b)
    }

    fn vjp(&self, wrt: usize, [_, b]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy / b,
            _ => -dy * y / b,
        }
    }
}

/// `a / b` with broadcasting; users write the operator.
#[track_caller]
pub(crate) fn div<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    apply(Div, [a, b])
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("div", Domain::between(-2.0, 2.0), Domain::between(0.5, 2.0), |a, b| a / b);
        sweep::binary("div", Domain::between(-2.0, 2.0), Domain::between(-2.0, -0.5), |a, b| a / b);
    }
}
