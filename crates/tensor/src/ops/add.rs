//! Addition: `a + b`; both derivatives are 1.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Add;

impl<F: Float> Elementwise<F, 2> for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a + b", &[("a", "1"), ("b", "1")]))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a + b
    }

    fn vjp(&self, wrt: usize, _: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy.clone(),
            _ => dy.clone(),
        }
    }
}

/// `a + b` with broadcasting, behind the operator `+`.
#[track_caller]
pub(crate) fn add<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    elementwise(Add, [a, b])
}

compiled!(Elementwise<2> Add);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("add", Domain::between(-2.0, 2.0), Domain::between(-2.0, 2.0), |a, b| a + b);
    }
}
