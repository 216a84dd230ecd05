//! An integer power: `xⁿ`; the derivative is `n·xⁿ⁻¹`, and 0 for `n = 0`.

use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Powi(i32);

impl<F: Float> Elementwise<F, 1> for Powi {
    fn name(&self) -> &'static str {
        "powi"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x^exponent", &[("x", "exponent·x^(exponent - 1)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("exponent", (self.0 as isize).into())]
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.powi(self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match self.0 {
            0 => Tensor::zeros(x.shape()),
            // `n - 1` would overflow.
            i32::MIN => dy * y / x * F::from_f64(f64::from(i32::MIN)),
            n => dy * x.powi(n - 1) * F::from_f64(f64::from(n)),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// Every element raised to the integer `n`; `x⁰` is 1 with gradient 0, even at 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([2.0, -3.0]);
    /// assert_eq!(x.powi(3).to_vec(), [8.0, -27.0]);
    /// assert_eq!(x.powi(3).sum().backward()[&x].to_vec(), [12.0, 27.0]);
    /// ```
    pub fn powi(&self, n: i32) -> Tensor<F> {
        elementwise(Powi(n), [self])
    }
}

compiled!(Elementwise<1> Powi);

#[cfg(test)]
mod tests {
    use super::super::points;
    use crate::sweep::{self, Domain};
    use crate::{Tensor, grad};

    #[test]
    fn derivatives() {
        for n in [0, 1, 2, 3, 5] {
            sweep::unary("powi", Domain::between(-2.0, 2.0), |x| x.powi(n));
        }
        // At 1 the derivatives are large and exact: n and n·(n - 1).
        for n in [i32::MIN, i32::MIN + 1, i32::MAX] {
            let (exponent, x) = (f64::from(n), Tensor::param(1.0));
            let [slope] = grad(&x.powi(n), [&x]);
            let [curvature] = grad(&slope, [&x]);
            let expected = [1.0, exponent, exponent * (exponent - 1.0)];
            assert_eq!([x.powi(n).item(), slope.item(), curvature.item()], expected);
        }
        for n in [-1, -2] {
            sweep::unary("powi", Domain::between(0.5, 2.0), |x| x.powi(n));
        }
    }

    #[test]
    fn values() {
        let inf = f64::INFINITY;
        let exact = |n: i32, table: &[points::Row]| points::exact(|x| x.powi(n), |x| x.powi(n), table);
        // x⁰ is 1 with gradient 0 everywhere, where 0·x⁻¹ would be NaN.
        exact(0, &[(-2.0, [1.0, 0.0, 0.0]), (0.0, [1.0, 0.0, 0.0]), (-0.0, [1.0, 0.0, 0.0]), (inf, [1.0, 0.0, 0.0])]);
        exact(1, &[(-2.0, [-2.0, 1.0, 0.0]), (0.0, [0.0, 1.0, 0.0])]);
        exact(2, &[(-3.0, [9.0, -6.0, 2.0]), (0.0, [0.0, 0.0, 2.0])]);
        exact(3, &[(-2.0, [-8.0, 12.0, -12.0]), (0.0, [0.0, 0.0, 0.0]), (0.5, [0.125, 0.75, 3.0])]);
        exact(10, &[(-2.0, [1024.0, -5120.0, 23040.0])]);
        exact(-1, &[(-2.0, [-0.5, -0.25, -0.25]), (0.0, [inf, -inf, inf])]);
        exact(-2, &[(-2.0, [0.25, 0.25, 0.375]), (0.5, [4.0, -16.0, 96.0])]);
        points::keeps_nan(|x| x.powi(3), |x| x.powi(3));
    }

    /// At 0, `n·xⁿ⁻¹` would be 0·∞.
    #[test]
    fn the_power_0_is_flat_everywhere() {
        let x = Tensor::param([0.0, -0.0, 2.0, f64::INFINITY]);
        assert_eq!(x.powi(0), Tensor::ones(&[4]));
        assert_eq!(x.powi(0).sum().backward()[&x], Tensor::zeros(&[4]));
        let x = Tensor::param([0.0_f64]);
        let [slope] = grad(&x.powi(1).sum(), [&x]);
        assert_eq!(slope.sum().backward()[&x], Tensor::zeros(&[1]));
    }
}
