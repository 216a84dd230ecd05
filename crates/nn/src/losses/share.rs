//! The share `w·x` of a loss or a log-probability `x`: exactly 0 where `w` is 0, even of an infinity. The derivatives are
//! `x` and `w`.
//!
//! What happens with probability 0, or counts with weight 0, has no part in a loss, however impossible it is held to be:
//! `0·ln 0` is 0 there, the limit, where a product is NaN. A primitive because every selection of elements around a
//! product brings the NaN back in the gradient. A NaN stays one, so that a diverged network is found by its loss.

use downhill_tensor::{Elementwise, Float, Tensor, compiled, elementwise};

/// `w·x`, and 0 where `w` is 0 unless `x` is NaN.
#[inline(always)]
pub(super) fn share_of<F: Float>(w: F, x: F) -> F {
    if w == F::zero() && x.is_infinite() { F::zero() } else { w * x }
}

struct Share;

impl<F: Float> Elementwise<F, 2> for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    #[inline(always)]
    fn element(&self, [w, x]: [F; 2]) -> F {
        share_of(w, x)
    }

    fn vjp(&self, wrt: usize, [w, x]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            // Nothing comes of an infinity that nobody asked about.
            0 => share(dy, x),
            _ => share(w, dy),
        }
    }
}

/// [`share_of`] every pair of elements, with broadcasting.
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
    fn nothing_of_an_infinity_is_nothing_and_nan_stays() {
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
