//! Elementwise division: `y = a / b`; the derivatives are `1 / b` and `-y / b`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Div;

impl<F: Float> Elementwise<F, 2> for Div {
    fn name(&self) -> &'static str {
        "div"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a/b", &[("a", "1/b"), ("b", "-y/b")]))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a / b
    }

    fn vjp(&self, wrt: usize, [_, b]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy / b,
            _ => -dy * y / b,
        }
    }
}

/// `a / b` with broadcasting, behind the operator `/`.
#[track_caller]
pub(crate) fn div<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    elementwise(Div, [a, b])
}

compiled!(Elementwise<2> Div);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("div", Domain::between(-2.0, 2.0), Domain::between(0.5, 2.0), |a, b| a / b);
        sweep::binary("div", Domain::between(-2.0, 2.0), Domain::between(-2.0, -0.5), |a, b| a / b);
    }
}
