//! A sign-preserving power: `sign(x)·|x|^q`, 0 where `x` is 0; the derivative is `q·|x|^(q-1)`.
//!
//! Up to a factor, it is the derivative of `|x|^(q+1)`. For `q < 0` that does not exist at 0; 0 is used, as in PyTorch.

use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct SignedPower<F>(F);

impl<F: Float> Elementwise<F, 1> for SignedPower<F> {
    fn name(&self) -> &'static str {
        "signed_power"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("sign(x)·|x|^exponent", &[("x", "exponent·|x|^(exponent - 1)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("exponent", self.0.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        if x == F::zero() {
            // `0^q` would be inf for `q < 0`, and 1 for `q = 0`.
            F::zero()
        } else if x < F::zero() {
            -x.abs().powf(self.0)
        } else {
            // Positive or NaN, which passes through.
            x.powf(self.0)
        }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * (x.abs().powf(self.0 - F::one()) * self.0)
    }
}

/// `sign(x)·|x|^exponent`; 0 where `x` is 0.
pub(super) fn signed_power<F: Float>(x: &Tensor<F>, exponent: F) -> Tensor<F> {
    elementwise(SignedPower(exponent), [x])
}

compiled!(Elementwise<1> SignedPower<F>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        for exponent in [-1.5, -0.5, 0.5, 2.0, 3.0] {
            let domain = Domain::between(-2.0, 2.0).avoiding(&[0.0]);
            sweep::unary("signed_power", domain, |x| signed_power(x, exponent));
        }
    }

    #[test]
    fn values() {
        let x = Tensor::from([-4.0, 0.0, 9.0, f64::NAN]);
        let y = signed_power(&x, 0.5).to_vec();
        assert!(y[..3] == [-2.0, 0.0, 3.0] && y[3].is_nan());
        assert_eq!(signed_power(&x, -0.5).to_vec()[..3], [-0.5, 0.0, 1.0 / 3.0]);
    }
}
