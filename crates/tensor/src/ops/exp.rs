//! The exponential: `y = eˣ`; the derivative is `y`.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Exp;

impl<F: Float> Op<F, 1> for Exp {
    fn name(&self) -> &'static str {
        "exp"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.exp())
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * y
    }
}

impl<F: Float> Tensor<F> {
    /// The exponential `eˣ` of every element.
    pub fn exp(&self) -> Tensor<F> {
        apply(Exp, [self])
    }
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("exp", Domain::between(-2.0, 2.0), |x| x.exp());
    }
}
