//! Negation: `-x`; the derivative is -1.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Neg;

impl<F: Float> Elementwise<F, 1> for Neg {
    fn name(&self) -> &'static str {
        "neg"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("-x", &[("x", "-1")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        -x
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        -dy
    }
}

/// `-x`, behind the operator.
pub(crate) fn neg<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    elementwise(Neg, [x])
}

compiled!(Elementwise<1> Neg);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("neg", Domain::between(-2.0, 2.0), |x| -x);
    }
}
