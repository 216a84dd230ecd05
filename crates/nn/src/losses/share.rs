//! The product `w·x` of a weight or probability `w` with a loss or log-probability `x`, where `0·(±inf)` is 0. The
//! derivatives are `x` and `w`.
//!
//! A class of probability 0 or weight 0 must not contribute to a loss, whatever the prediction: the limit of `w·ln w`
//! is 0, but `0·(-inf)` in floating point is NaN. This is a primitive because masking around an ordinary product
//! (`where_`) brings the NaN back in the gradient. NaN itself propagates, so a diverged network shows in its loss.

use downhill_tensor::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

/// `w·x`, but 0 where `w` is 0 and `x` infinite. NaN propagates.
#[inline(always)]
pub(super) fn share_of<F: Float>(w: F, x: F) -> F {
    // Only an infinite `x` needs the special case: 0·finite is 0 already, and 0·NaN must stay NaN.
    if w == F::zero() && x.is_infinite() { F::zero() } else { w * x }
}

struct Share;

impl<F: Float> Elementwise<F, 2> for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("0 if w = 0 else w·x", &[("w", "x"), ("x", "w")]))
    }

    #[inline(always)]
    fn element(&self, [w, x]: [F; 2]) -> F {
        share_of(w, x)
    }

    fn vjp(&self, wrt: usize, [w, x]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            // Not `dy * x`: where dy is 0, an infinite x must not produce NaN.
            0 => share(dy, x),
            // Likewise where w is 0 and dy infinite.
            _ => share(w, dy),
        }
    }
}

/// [`share_of`] each pair of elements, with broadcasting.
///
/// # Panics
/// If the shapes do not broadcast.
#[track_caller]
pub(super) fn share<F: Float>(w: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    elementwise(Share, [w, x])
}

compiled!(Elementwise<2> Share);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, grad, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let domain = || Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        sweep::binary("share", domain(), domain(), |w, x| elementwise(Share, [w, x]));
    }

    #[test]
    fn derivatives() {
        let (w, x) = (Tensor::from([[0.5, 2.0, -1.0], [0.25, 0.0, 3.0]]), Tensor::from([1.0, -0.5, 0.25]));
        gradcheck(|[w, x]| share(w, x), [&w, &x], Check::order(2)).unwrap();
    }

    #[test]
    fn zero_times_infinity_is_zero_and_nan_propagates() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        for w in [0.0, -0.0] {
            for x in [inf, -inf] {
                let (w, x) = (Tensor::param(w), Tensor::param(x));
                let y = share(&w, &x);
                let [by_w, by_x] = grad(&y, [&w, &x]);
                assert_eq!((y.item(), by_w.item(), by_x.item()), (0.0, x.item(), 0.0));
            }
        }
        assert_eq!((share_of(0.5, -inf), share_of(-0.5, -inf)), (-inf, inf));
        assert!(share_of(0.0, nan).is_nan() && share_of(nan, 0.0).is_nan() && share_of(nan, inf).is_nan());
    }
}
