//! The p-norm over axes: `(Σ|x|ᵖ)^(1/p)`; the derivative at the zero vector is 0.

use crate::elementwise::step;
use crate::{Axes, Float, Tensor};

/// A root of `x`, with derivative 0 instead of infinity where `x` is 0: there, the root of 1 is taken and 1 subtracted.
pub(super) fn root<F: Float>(x: &Tensor<F>, root: impl Fn(&Tensor<F>) -> Tensor<F>) -> Tensor<F> {
    let zeros = step(x, |x| if x == F::zero() { F::one() } else { F::zero() });
    root(&(x + &zeros)) - zeros
}

impl<F: Float> Tensor<F> {
    /// The p-norm of all elements, a scalar: `norm(2.0)` is the length of a vector and the Frobenius norm of a matrix. More
    /// under [`norm_axis`](Self::norm_axis).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([3.0, -4.0]);
    /// assert_eq!(x.norm(2.0).item(), 5.0);
    /// assert_eq!(x.norm(1.0).item(), 7.0);
    /// assert_eq!(x.norm(1.0).backward()[&x], Tensor::from([1.0, -1.0]));
    /// ```
    ///
    /// # Panics
    /// If `p` is NaN.
    #[track_caller]
    pub fn norm(&self, p: F) -> Tensor<F> {
        self.norm_axis(p, ..)
    }

    /// The p-norm over some [`Axes`], `(Σ|x|ᵖ)^(1/p)`. For `p = inf` the largest absolute value, for `-inf` the smallest; for
    /// `p = 0` the number of elements that are not 0, which is a constant. The norm of no elements is 0.
    ///
    /// At the zero vector the gradient is 0, for `p = 1` it is 0 at every element that is 0, and for `p = inf` equally large
    /// elements share it: all as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[3.0, -4.0], [0.0, 2.0]]);
    /// assert_eq!(x.norm_axis(2.0, 1), Tensor::from([5.0, 2.0]));
    /// assert_eq!(x.norm_axis(f64::INFINITY, keep(0)), Tensor::from([[3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// If `p` is NaN, or an axis is out of range or named twice.
    #[track_caller]
    pub fn norm_axis(&self, p: F, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into();
        let empty = axes.resolve("norm", self.ndim()).count(self.shape()) == 0;
        let (zero, one, two) = (F::zero(), F::one(), F::from_f64(2.0));
        assert!(!p.is_nan(), "norm of {:?}: p is NaN", self.shape());
        match p {
            _ if empty => self.sum_axis(axes),
            p if p == one => self.abs().sum_axis(axes),
            p if p == two => root(&self.square().sum_axis(axes), |x| x.sqrt()),
            p if p == F::infinity() => self.abs().max_axis(axes),
            p if p == F::neg_infinity() => self.abs().min_axis(axes),
            p if p == zero => self.sign().square().sum_axis(axes),
            p if p > zero => root(&root(&self.abs(), |x| x.powf(p)).sum_axis(axes), |x| x.powf(one / p)),
            // A single 0 makes the sum infinite and the norm 0.
            p => self.abs().powf(p).sum_axis(axes).powf(one / p),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, keep};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        let some: [&[usize]; 6] = [&[], &[1], &[0], &[5], &[2, 3], &[2, 1, 3]];
        for p in [1.0, 2.0, 3.0, 1.5, 0.5, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
            sweep::shapes("norm", &some, domain(), |x| x.norm(p));
            sweep::shapes("norm", &[&[3], &[2, 3], &[0, 3], &[2, 0], &[2, 1, 3]], domain(), |x| x.norm_axis(p, -1));
            sweep::shapes("norm", &[&[2, 3, 2]], domain(), |x| x.norm_axis(p, keep([0, 2])));
        }
    }

    #[test]
    fn at_zero() {
        for p in [0.5, 1.0, 1.5, 2.0, 3.0, f64::INFINITY] {
            let x = Tensor::param([[0.0, 0.0], [1.0, 0.0]]);
            let y = x.norm_axis(p, 1);
            assert_eq!(y, Tensor::from([0.0, 1.0]), "p = {p}");
            let [g] = grad(&y.sum(), [&x]);
            assert_eq!(g, Tensor::from([[0.0, 0.0], [1.0, 0.0]]), "p = {p}");
            let [second] = grad(&g.square().sum(), [&x]);
            assert!(second.all_finite(), "p = {p}");
        }
    }

    #[test]
    fn signs_and_ties() {
        let x = Tensor::param([1.0, 0.0, -2.0]);
        assert_eq!(x.norm(1.0).backward()[&x], Tensor::from([1.0, 0.0, -1.0]));
        let x = Tensor::param([2.0, -2.0, 1.0, 2.0]);
        let third = 1.0 / 3.0;
        assert_eq!(x.norm(f64::INFINITY).backward()[&x], Tensor::from([third, -third, 0.0, third]));
    }

    #[test]
    fn the_number_that_are_not_zero() {
        let x = Tensor::param([[0.0, -3.0, 0.5], [0.0, 0.0, 0.0]]);
        assert_eq!(x.norm_axis(0.0, 1), Tensor::from([2.0, 0.0]));
    }

    #[test]
    fn nan_passes() {
        for p in [0.0, 0.5, 1.0, 2.0, 3.0, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Tensor::from([1.0, f64::NAN, 0.0]).norm(p).item().is_nan(), "p = {p}");
        }
    }
}
