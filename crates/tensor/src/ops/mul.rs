//! Elementwise multiplication: `a·b`; the derivatives are `b` and `a`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Mul;

impl<F: Float> Elementwise<F, 2> for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a·b", &[("a", "b"), ("b", "a")]))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a * b
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * b,
            _ => dy * a,
        }
    }
}

/// `a * b` with broadcasting, behind the operator `*`.
#[track_caller]
pub(crate) fn mul<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    elementwise(Mul, [a, b])
}

compiled!(Elementwise<2> Mul);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("mul", Domain::between(-2.0, 2.0), Domain::between(-2.0, 2.0), |a, b| a * b);
    }
}
