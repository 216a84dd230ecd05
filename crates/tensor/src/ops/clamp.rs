//! Clamping: `min` below `min`, `max` above `max`, `x` in between; the derivative is 1 strictly between the bounds and
//! 0 elsewhere, including at a bound.

use super::gate;
use crate::elementwise::step;
use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

/// A missing bound is NaN, because every comparison with NaN is false. It is not ±inf: without an upper bound the
/// derivative at `x = inf` is 1.
struct Clamp<F> {
    min: F,
    max: F,
}

impl<F: Float> Elementwise<F, 1> for Clamp<F> {
    fn name(&self) -> &'static str {
        "clamp"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("min(max(x, min), max)", &[("x", "0 if x ≤ min else 0 if x ≥ max else 1")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("min", self.min.as_f64().into()), ("max", self.max.as_f64().into())]
    }

    fn element(&self, [x]: [F; 1]) -> F {
        // NaN fails both comparisons and passes through.
        let x = if x < self.min { self.min } else { x };
        if x > self.max { self.max } else { x }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let &Clamp { min, max } = self;
        gate(dy, step(x, move |x| if x <= min || x >= max { F::zero() } else { F::one() }))
    }
}

impl<F: Float> Tensor<F> {
    /// Every element clamped to `min..=max`: `min(max(x, min), max)`. The derivative exactly at a bound is 0, as in
    /// PyTorch. NaN stays NaN and passes the gradient on, as in PyTorch's `hardtanh` and `relu6` (but not its `clamp`).
    /// If `min > max`, every element becomes `max`, as in PyTorch and NumPy.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-2.0, -1.0, 0.5, 1.0, 2.0]);
    /// assert_eq!(x.clamp(-1.0, 1.0).to_vec(), [-1.0, -1.0, 0.5, 1.0, 1.0]);
    /// assert_eq!(x.clamp(-1.0, 1.0).sum().backward()[&x].to_vec(), [0.0, 0.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If a bound is NaN.
    #[doc(alias = "clip")]
    #[track_caller]
    pub fn clamp(&self, min: F, max: F) -> Tensor<F> {
        assert!(!min.is_nan() && !max.is_nan(), "clamp: min and max must not be NaN, got min {min}, max {max}");
        elementwise(Clamp { min, max }, [self])
    }

    /// Every element clamped from below, `max(x, min)`: [`clamp`](Self::clamp) without an upper bound.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).clamp_min(0.5).to_vec(), [0.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If `min` is NaN.
    #[track_caller]
    pub fn clamp_min(&self, min: F) -> Tensor<F> {
        assert!(!min.is_nan(), "clamp_min: min must not be NaN");
        elementwise(Clamp { min, max: F::nan() }, [self])
    }

    /// Every element clamped from above, `min(x, max)`: [`clamp`](Self::clamp) without a lower bound.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).clamp_max(0.5).to_vec(), [-2.0, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If `max` is NaN.
    #[track_caller]
    pub fn clamp_max(&self, max: F) -> Tensor<F> {
        assert!(!max.is_nan(), "clamp_max: max must not be NaN");
        elementwise(Clamp { min: F::nan(), max }, [self])
    }
}

compiled!(Elementwise<1> Clamp<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0).avoiding(&[-1.0, 1.0]);
        sweep::unary("clamp", domain(), |x| x.clamp(-1.0, 1.0));
        sweep::unary("clamp", domain(), |x| x.clamp_min(-1.0));
        sweep::unary("clamp", domain(), |x| x.clamp_max(1.0));
    }

    #[test]
    fn the_derivative_at_a_bound_is_0() {
        let inf = f64::INFINITY;
        let table = [
            (-inf, [-1.0, 0.0, 0.0]),
            (-1.0, [-1.0, 0.0, 0.0]),
            (1.5, [1.5, 1.0, 0.0]),
            (2.0, [2.0, 0.0, 0.0]),
            (inf, [2.0, 0.0, 0.0]),
        ];
        points::exact(|x| x.clamp(-1.0, 2.0), |x| x.clamp(-1.0, 2.0), &table);
        points::exact(|x| x.clamp(2.0, 2.0), |x| x.clamp(2.0, 2.0), &[(2.0, [2.0, 0.0, 0.0])]);
    }

    #[test]
    fn one_bound() {
        let inf = f64::INFINITY;
        let table = [(-inf, [1.0, 0.0, 0.0]), (1.0, [1.0, 0.0, 0.0]), (2.0, [2.0, 1.0, 0.0]), (inf, [inf, 1.0, 0.0])];
        points::exact(|x| x.clamp_min(1.0), |x| x.clamp_min(1.0), &table);
        let table = [(-inf, [-inf, 1.0, 0.0]), (0.0, [0.0, 1.0, 0.0]), (1.0, [1.0, 0.0, 0.0]), (inf, [1.0, 0.0, 0.0])];
        points::exact(|x| x.clamp_max(1.0), |x| x.clamp_max(1.0), &table);
    }

    #[test]
    fn nan_stays_and_the_gradient_passes() {
        let x = Tensor::param([f32::NAN]);
        for y in [x.clamp(0.0, 1.0), x.clamp_min(0.0), x.clamp_max(1.0)] {
            assert!(y.item().is_nan());
            assert_eq!(y.backward()[&x].item(), 1.0);
        }
    }

    /// PyTorch: "If min is greater than max torch.clamp(..., min, max) sets all elements in input to the value of max."
    #[test]
    fn bounds_in_the_wrong_order_give_the_upper() {
        let inf = f64::INFINITY;
        let table = [-inf, -1.0, 0.0, 0.5, 1.0, 2.0, inf].map(|x| (x, [0.0, 0.0, 0.0]));
        points::exact(|x| x.clamp(1.0, 0.0), |x| x.clamp(1.0, 0.0), &table);
        let table = [-inf, 0.0, inf].map(|x| (x, [-inf, 0.0, 0.0]));
        points::exact(|x| x.clamp(f32::INFINITY, -f32::INFINITY), |x| x.clamp(inf, -inf), &table);
    }

    #[test]
    #[should_panic(expected = "clamp: min and max must not be NaN, got min 0, max NaN")]
    fn an_upper_bound_that_is_nan() {
        Tensor::from([0.5]).clamp(0.0, f32::NAN);
    }

    #[test]
    #[should_panic(expected = "clamp_min: min must not be NaN")]
    fn a_bound_that_is_nan() {
        Tensor::from([0.5]).clamp_min(f32::NAN);
    }
}
