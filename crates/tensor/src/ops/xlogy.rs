//! `x·ln y`, and 0 where `x` is 0; the derivatives are `ln y` and `x / y`.
//!
//! A primitive for numerical stability: composed, `0·ln 0` is NaN, where entropies need 0.

use super::where_;
use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Xlogy;

impl<F: Float> Elementwise<F, 2> for Xlogy {
    fn name(&self) -> &'static str {
        "xlogy"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("0 if a = 0 else a·ln(b)", &[("a", "ln(b)"), ("b", "a/b")]))
    }

    #[inline(always)]
    fn element(&self, [x, y]: [F; 2]) -> F {
        if x == F::zero() && !y.is_nan() { F::zero() } else { x * y.ln() }
    }

    fn vjp(&self, wrt: usize, [x, y]: [&Tensor<F>; 2], _: &Tensor<F>, dz: &Tensor<F>) -> Tensor<F> {
        match wrt {
            // Where `x` is 0 and `y` has no finite logarithm, `ln 1 = 0` takes its place.
            0 => dz * where_(&(x.eq_elem(F::zero()) & y.le(F::zero())), F::one(), y).ln(),
            _ => dz * x / y,
        }
    }
}

impl<F: Float> Tensor<F> {
    /// `x·ln y` of every pair of elements, with broadcasting; 0 where `x` is 0, unless `y` is NaN.
    ///
    /// At `(0, 0)` the derivative is 0 with respect to `x` and NaN with respect to `y`, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let p = Tensor::from([0.0, 0.5, 0.5]);
    /// assert_eq!((-p.xlogy(&p)).sum().item(), 2.0_f64.ln()); // the entropy of a coin
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn xlogy(&self, y: &Tensor<F>) -> Tensor<F> {
        elementwise(Xlogy, [self, y])
    }
}

compiled!(Elementwise<2> Xlogy);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("xlogy", Domain::between(-2.0, 2.0), Domain::between(0.3, 2.0), |x, y| x.xlogy(y));
    }

    /// `(x, y)`, then the value and the gradients with respect to `x` and to `y`.
    #[track_caller]
    fn assert_gradients((x, y): (f64, f64), expected: [f64; 3]) {
        let (x, y) = (Tensor::param(x), Tensor::param(y));
        let value = x.xlogy(&y);
        let [by_x, by_y] = grad(&value, [&x, &y]);
        let got = [value, by_x, by_y].map(|z| z.item());
        let same = got.iter().zip(expected).all(|(&a, b)| a == b || a.is_nan() && b.is_nan());
        assert!(same, "{got:?}, not {expected:?}");
    }

    #[test]
    fn values() {
        let y = Tensor::from([0.5, -3.0, 0.0]).xlogy(&Tensor::from([[4.0], [1.0]]));
        let ln2 = std::f64::consts::LN_2;
        assert_eq!(y, Tensor::from([[ln2, -6.0 * ln2, 0.0], [0.0, -0.0, 0.0]]));
    }

    #[test]
    fn at_0_and_below() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_gradients((0.0, 0.0), [0.0, 0.0, nan]);
        assert_gradients((0.0, 3.0), [0.0, 3.0_f64.ln(), 0.0]);
        assert_gradients((0.0, -1.0), [0.0, 0.0, 0.0]);
        assert_gradients((2.0, 0.0), [-inf, -inf, inf]);
        assert_gradients((2.0, -1.0), [nan, nan, -2.0]);
        assert_gradients((0.0, nan), [nan, nan, nan]);
        assert_gradients((nan, 1.0), [nan, 0.0, nan]);
    }
}
