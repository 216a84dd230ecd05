//! Rounding to integers: down, up, to the nearest and toward 0. The derivative is zero everywhere, so the record of the
//! result has no inputs.

use crate::elementwise::step;
use crate::record::unvarying;
use crate::{Float, Tensor, compiled, is_recording, operation};

#[derive(Clone, Copy)]
enum To {
    Below,
    Above,
    Nearest,
    Zero,
}

#[inline(never)]
fn rounded<F: Float>(x: &Tensor<F>, to: To) -> Tensor<F> {
    let name = match to {
        To::Below => "floor",
        To::Above => "ceil",
        To::Nearest => "round",
        To::Zero => "trunc",
    };
    operation::begin(name);
    let y = match to {
        To::Below => step(x, F::floor),
        To::Above => step(x, F::ceil),
        To::Nearest => step(x, F::round_ties_even),
        To::Zero => step(x, F::trunc),
    };
    if x.requires_grad() && is_recording() { unvarying(name, &y) } else { y }
}

/// Step functions: no gradient flows through them, and [`grad`](crate::grad) returns zeros. Infinities and NaN stay.
impl<F: Float> Tensor<F> {
    /// Every element rounded down to an integer. A step function: its derivative is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 0.5, 2.0]).floor().to_vec(), [-2.0, 0.0, 2.0]);
    /// ```
    pub fn floor(&self) -> Tensor<F> {
        rounded(self, To::Below)
    }

    /// Every element rounded up to an integer. A step function: its derivative is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 0.5, 2.0]).ceil().to_vec(), [-1.0, 1.0, 2.0]);
    /// ```
    pub fn ceil(&self) -> Tensor<F> {
        rounded(self, To::Above)
    }

    /// Every element rounded to the nearest integer, and halfway between two to the even one, as in PyTorch and NumPy
    /// (Rust's `f64::round` rounds away from 0). A step function: its derivative is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 0.5, 1.5, 2.4]).round().to_vec(), [-2.0, 0.0, 2.0, 2.0]);
    /// ```
    #[doc(alias("rint", "round_ties_even"))]
    pub fn round(&self) -> Tensor<F> {
        rounded(self, To::Nearest)
    }

    /// The integer part of every element: rounded toward 0. A step function: its derivative is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.5, 0.5, 2.0]).trunc().to_vec(), [-1.0, 0.0, 2.0]);
    /// ```
    #[doc(alias = "fix")]
    pub fn trunc(&self) -> Tensor<F> {
        rounded(self, To::Zero)
    }
}

compiled!(fn(&Tensor<F>, To) -> Tensor<F> = rounded::<F>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let x = Tensor::from([-2.5, -1.5, -0.5, -0.2, 0.5, 1.5, 2.5, 3.7]);
        assert_eq!(x.floor().to_vec(), [-3.0, -2.0, -1.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(x.ceil().to_vec(), [-2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(x.round().to_vec(), [-2.0, -2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 4.0]);
        assert_eq!(x.trunc().to_vec(), [-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        for y in [x.ceil(), x.round(), x.trunc()] {
            assert!(y.to_vec()[2].is_sign_negative(), "-0 keeps its sign");
        }
    }

    /// From 2²³ on every `f32` is an integer.
    #[test]
    fn what_is_an_integer_stays() {
        let x = Tensor::from([8388609.0_f32, -1e30, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::NAN]);
        for y in [x.floor(), x.ceil(), x.round(), x.trunc()] {
            assert_eq!(y.to_vec()[..5], x.to_vec()[..5]);
            assert!(y.to_vec()[5].is_nan());
        }
    }

    #[test]
    fn steps_have_the_derivative_zero() {
        let x = Tensor::param([[-2.5, 0.0], [1.25, f64::INFINITY]]);
        for (name, y) in [("floor", x.floor()), ("ceil", x.ceil()), ("round", x.round()), ("trunc", x.trunc())] {
            assert_eq!(y.op_name(), Some(name));
            assert_eq!(crate::grad(&y.sum(), [&x])[0], Tensor::zeros(&[2, 2]));
        }
        assert!(!x.detach().floor().requires_grad() && !crate::no_grad(|| x.round()).requires_grad());
    }
}
