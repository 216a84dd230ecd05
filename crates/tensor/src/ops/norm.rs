//! The p-norm over axes: `(Σ|x|ᵖ)^(1/p)`; the derivative at the zero vector is 0.

use super::quotient::quotient;
use super::signed_power::signed_power;
use ndarray::Dimension;

use crate::axes;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

/// `(Σ|x|ᵖ/count)^(1/p)` for finite `p ≠ 0`; the derivative is `sign(x)·(|x|/y)^(p-1)/count`, in which nothing
/// overflows.
pub(super) struct Norm<F> {
    pub(super) p: F,
    pub(super) count: F,
    pub(super) axes: AxisSet,
}

impl<F: Float> Norm<F> {
    fn power(&self, x: F) -> F {
        // `x * x`, and `sqrt` below, are correctly rounded.
        if self.p == F::from_f64(2.0) { x * x } else { x.abs().powf(self.p) }
    }

    fn root(&self, sum: F) -> F {
        let mean = sum / self.count;
        if self.p == F::from_f64(2.0) { mean.sqrt() } else { mean.powf(F::one() / self.p) }
    }

    fn sum_of_powers(&self, x: &Elements<F>) -> Elements<F> {
        kernels::sum(&kernels::map(x, |x| self.power(x)), self.axes)
    }

    /// The norm computed on elements divided by the largest absolute value, or for a negative `p` by the smallest.
    #[cold]
    fn scaled(&self, x: &Elements<F>) -> Elements<F> {
        // One scale per norm; the reduced axes keep size 1, so that it broadcasts.
        let (size, kept) = (kernels::map(x, |x| x.abs()), self.axes.kept());
        let most = if self.p > F::zero() { kernels::max(&size, kept) } else { kernels::min(&size, kept) };
        // 0, inf and NaN are not divided by: 0/0 and inf/inf are NaN.
        let scale = kernels::map(&most, |most| {
            let usable = most != F::zero() && most.is_finite();
            if usable { most } else { F::one() }
        });
        let sums = self.sum_of_powers(&kernels::zip(x, &scale, |x, scale| x / scale));
        kernels::zip(&sums, &scale.reshaped(sums.dim().clone()), |sum, scale| self.root(sum) * scale)
    }
}

impl<F: Float> Op<F, 1> for Norm<F> {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("(Σ|x|ᵖ/count)^(1/p)", &[("x", "dy·sign(x)·(|x|/y)ᵖ⁻¹/count")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = axes::attributes(self.axes);
        attributes.extend([("p", self.p.as_f64().into()), ("count", self.count.as_f64().into())]);
        attributes
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let sums = self.sum_of_powers(x);
        // Outside this range, powers have overflowed, vanished, or lost digits.
        let safe = |sum: F| sum >= F::min_positive_value() / F::epsilon() && sum.is_finite();
        // The common case: one pass, without scaling.
        if sums.view().iter().all(|&sum| safe(sum)) {
            return kernels::map(&sums, |sum| self.root(sum));
        }
        kernels::zip(&sums, &self.scaled(x), |sum, scaled| if safe(sum) { self.root(sum) } else { scaled })
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let kept = self.axes.kept_shape(x.shape());
        let (y, dy) = (y.reshape(kept.slice()), dy.reshape(kept.slice()));
        // Divided before the power is taken, so that no power overflows. 0 at the zero vector, where the second
        // derivative does not exist and is NaN.
        let share = quotient(x, &y);
        let slope = if self.p == F::from_f64(2.0) { share } else { signed_power(&share, self.p - F::one()) };
        if self.count == F::one() { dy * slope } else { dy * slope / self.count }
    }
}

impl<F: Float> Tensor<F> {
    /// The p-norm of all elements, a scalar: `norm(2.0)` is the Euclidean norm of a vector and the Frobenius norm of a
    /// matrix. For details, see [`norm_axis`](Self::norm_axis).
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

    /// The p-norm over some [`Axes`], `(Σ|x|ᵖ)^(1/p)`. For `p = inf` the largest absolute value, for `-inf` the
    /// smallest; for `p = 0` the number of nonzero elements, which is a constant. The norm over an empty axis is 0.
    ///
    /// The gradient at the zero vector is 0. For `p = 1` it is 0 at every zero element, and for `p = inf` ties share it
    /// equally. All as in PyTorch. With a negative `p`, a single 0 makes the norm and its gradient 0. Second
    /// derivatives at the zero vector do not exist and are NaN (but 0 for `p = 1` and `p = inf`).
    ///
    /// Elements whose powers would overflow or underflow are scaled first: the norm of `[3e30, 4e30]` is `5e30` in
    /// `f32` too.
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
        let (zero, one) = (F::zero(), F::one());
        assert!(!p.is_nan(), "norm of {:?}: p must not be NaN", self.shape());
        match p {
            // 0, recorded as a function of `self`.
            _ if empty => self.sum_axis(axes),
            p if p == one => self.abs().sum_axis(axes),
            p if p == F::infinity() => self.abs().max_axis(axes),
            p if p == F::neg_infinity() => self.abs().min_axis(axes),
            p if p == zero => self.sign().square().sum_axis(axes),
            p => apply(Norm { p, count: one, axes: axes.resolve("norm", self.ndim()) }, [self]),
        }
    }
}

compiled!(Op<1> Norm<F>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, keep};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        let some: [&[usize]; 6] = [&[], &[1], &[0], &[5], &[2, 3], &[2, 1, 3]];
        let check = |name: &str, p: f64| {
            sweep::shapes(name, &some, domain(), |x| x.norm(p));
            sweep::shapes(name, &[&[3], &[2, 3], &[0, 3], &[2, 0], &[2, 1, 3]], domain(), |x| x.norm_axis(p, -1));
            sweep::shapes(name, &[&[2, 3, 2]], domain(), |x| x.norm_axis(p, keep([0, 2])));
        };
        [2.0, 3.0, 1.5, 0.5, -1.0].into_iter().for_each(|p| check("norm", p));
        check("abs", 1.0);
        check("max", f64::INFINITY);
        check("min", f64::NEG_INFINITY);
        sweep::shapes("norm", &[&[3]], domain(), |x| x.norm(2.0));
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
            let second = second.to_vec();
            match p {
                1.0 | f64::INFINITY => assert_eq!(second, [0.0; 4], "p = {p}: piecewise linear"),
                _ => assert!(second[0].is_nan() && second[1].is_nan(), "p = {p}: {second:?}"),
            }
            if p >= 2.0 {
                assert_eq!(second[2..], [0.0; 2], "p = {p}");
            }
        }
    }

    /// The second derivative of `(x² + y²)^(1/2)` along y at (2, 0) is 1/2, of `(|x|³ + |y|³)^(1/3)` it is 0.
    #[test]
    fn second_derivatives_beside_an_axis() {
        for (p, expected) in [(2.0, 0.5), (3.0, 0.0), (2.5, 0.0)] {
            let x = Tensor::param([2.0_f64, 0.0]);
            let h = crate::hessian(&x.norm(p), &x).to_vec();
            assert!((h[3] - expected).abs() < 1e-15 && h[..3] == [0.0; 3], "p = {p}: {h:?}");
        }
    }

    #[test]
    fn where_powers_overflow_or_vanish() {
        fn check<F: Float>(scales: &[f64], tolerance: f64) {
            for &scale in scales {
                let x = Tensor::<F>::param([3.0, -4.0, 0.0].map(|x| F::from_f64(x * scale)));
                // (p, norm of (3, 4, 0), gradient), by hand.
                let (cubes, root) = (91.0_f64, 91.0_f64.cbrt());
                let halves = (3.0_f64.sqrt() + 2.0).powi(2);
                let cases = [
                    (1.0, 7.0, [1.0, -1.0]),
                    (2.0, 5.0, [0.6, -0.8]),
                    (3.0, cubes.cbrt(), [9.0 / (root * root), -16.0 / (root * root)]),
                    (0.5, halves, [(halves / 3.0).sqrt(), -(halves / 4.0).sqrt()]),
                    (200.0, 4.0, [0.0, -1.0]),
                    (-1.0, 0.0, [0.0, 0.0]),
                    (f64::INFINITY, 4.0, [0.0, -1.0]),
                    (f64::NEG_INFINITY, 0.0, [0.0, 0.0]),
                ];
                for (p, norm, slope) in cases {
                    let y = x.norm(F::from_f64(p));
                    assert!(
                        (y.item().as_f64() / scale - norm).abs() <= tolerance * norm.max(1.0),
                        "p = {p}, {scale:e}: {y:?}"
                    );
                    let g = y.backward()[&x].to_vec();
                    let off = (0..2).map(|i| (g[i].as_f64() - slope[i]).abs()).fold(0.0, f64::max);
                    assert!(off <= tolerance && g[2] == F::zero(), "p = {p}, {scale:e}: {g:?}");
                }
                // Without the zero: (1/3 + 1/4)⁻¹ = 12/7, with the slopes (12/7)²/9 and (12/7)²/16.
                let x = Tensor::<F>::param([3.0, 4.0].map(|x| F::from_f64(x * scale)));
                let y = x.norm(-F::one());
                assert!((y.item().as_f64() / scale - 12.0 / 7.0).abs() <= tolerance, "{scale:e}: {y:?}");
                let g = y.backward()[&x].to_vec();
                assert!((g[0].as_f64() - 16.0 / 49.0).abs() <= tolerance, "{scale:e}: {g:?}");
                assert!((g[1].as_f64() - 9.0 / 49.0).abs() <= tolerance, "{scale:e}: {g:?}");
            }
        }
        check::<f32>(&[1e37, 1e30, 1e20, 1.0, 1e-20, 1e-30, 1e-36], 2e-6);
        check::<f64>(&[1e300, 1e200, 1e155, 1.0, 1e-155, 1e-200, 1e-300], 1e-14);
        // Subnormal inputs have few digits to begin with.
        check::<f32>(&[2.0_f64.powi(-140)], 2e-3);
    }

    /// Dividing by the largest element instead of the smallest would make the smallest underflow to 0.
    #[test]
    fn of_a_negative_order_over_a_wide_range() {
        let (least, most) = (1e-25_f32, 1e30);
        for p in [-2.0, -3.0] {
            let norm = Tensor::from([most, least, most]).norm(p).item();
            assert!((norm / least - 1.0).abs() < 1e-6, "p = {p}: {norm:e}");
        }
    }

    #[test]
    fn lanes_are_scaled_each_for_itself() {
        let x = Tensor::from([[3e30_f32, 4e30], [3.0, 4.0], [3e-30, 4e-30], [0.0, 0.0], [f32::INFINITY, 1.0]]);
        let y = x.norm_axis(2.0, 1).to_vec();
        for (y, expected) in y.into_iter().zip([5e30_f32, 5.0, 5e-30, 0.0, f32::INFINITY]) {
            assert!(y == expected || (y - expected).abs() <= 1e-6 * expected, "{y:e}, not {expected:e}");
        }
    }

    #[test]
    fn the_smallest_and_the_largest() {
        let x = Tensor::from([-3.0, 0.5, 2.0]);
        assert_eq!((x.norm(f64::INFINITY).item(), x.norm(f64::NEG_INFINITY).item()), (3.0, 0.5));
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
