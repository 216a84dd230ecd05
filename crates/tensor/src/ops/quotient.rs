//! Division that is 0 where the divisor is 0; the derivatives are those of `a/b`, and not finite there.
//!
//! For a gradient that is 0 by convention where it does not exist, such as that of a norm at the zero vector. With a
//! mask instead, the second derivative would be finite there, although it does not exist.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Quotient;

impl<F: Float> Elementwise<F, 2> for Quotient {
    fn name(&self) -> &'static str {
        "quotient"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("0 if b = 0 else a/b", &[("a", "1/b"), ("b", "-y/b")]))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        if b == F::zero() { F::zero() } else { a / b }
    }

    fn vjp(&self, wrt: usize, [_, b]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            // Deliberately not masked where `b` is 0.
            0 => dy / b,
            // `y/b`, not `a/b²`, whose square overflows sooner.
            _ => -(dy * y / b),
        }
    }
}

/// `a / b`, with broadcasting; 0 where `b` is 0.
pub(super) fn quotient<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    elementwise(Quotient, [a, b])
}

compiled!(Elementwise<2> Quotient);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = Domain::between(-2.0, 2.0);
        sweep::binary("quotient", domain, Domain::between(0.5, 2.0), quotient);
    }

    #[test]
    fn by_zero() {
        let (a, b) = (Tensor::param([0.0, 3.0, 3.0]), Tensor::param([0.0, 0.0, 2.0]));
        let y = quotient(&a, &b);
        assert_eq!(y, Tensor::from([0.0, 0.0, 1.5]));
        let grads = y.sum().backward();
        assert_eq!(grads[&a].to_vec(), [f64::INFINITY, f64::INFINITY, 0.5]);
        let by_divisor = grads[&b].to_vec();
        assert!(by_divisor[0].is_nan() && by_divisor[1].is_nan() && by_divisor[2] == -0.75, "{by_divisor:?}");
    }
}
