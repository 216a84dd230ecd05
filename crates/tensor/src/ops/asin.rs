//! The arc sine; the derivative is `1 / √(1 - x²)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Asin;

impl<F: Float> Elementwise<F, 1> for Asin {
    fn name(&self) -> &'static str {
        "asin"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("asin(x)", &[("x", "1/√(1 - x²)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.asin()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * slope(x)
    }
}

/// `1 - x²`, computed as `(1 - x)·(1 + x)`, so that it does not lose digits near its zeros; the derivative is `-2x`.
///
/// A primitive, because the product rule would multiply 0 by inf at the zeros.
struct OneMinusSquare;

impl<F: Float> Elementwise<F, 1> for OneMinusSquare {
    fn name(&self) -> &'static str {
        "one_minus_square"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("1 - x²", &[("x", "-2·x")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        (F::one() - x) * (F::one() + x)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x * F::from_f64(-2.0)
    }
}

/// `1 / √(1 - x²)`, the derivative of the arc sine.
pub(super) fn slope<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    elementwise(OneMinusSquare, [x]).rsqrt()
}

impl<F: Float> Tensor<F> {
    /// The arc sine of every element, in [-π/2, π/2]: NaN outside of [-1, 1]; the derivative at -1 and 1 is inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 1.0_f64]);
    /// assert_eq!(x.asin().to_vec(), [0.0, std::f64::consts::FRAC_PI_2]);
    /// assert_eq!(x.asin().sum().backward()[&x].to_vec(), [1.0, f64::INFINITY]);
    /// ```
    #[doc(alias = "arcsin")]
    pub fn asin(&self) -> Tensor<F> {
        elementwise(Asin, [self])
    }
}

compiled!(Elementwise<1> Asin);
compiled!(Elementwise<1> OneMinusSquare);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("asin", Domain::between(-0.8, 0.8), |x| x.asin());
        let one_minus_square = |x: &Tensor<f64>| elementwise(OneMinusSquare, [x]);
        sweep::unary("one_minus_square", Domain::between(-2.0, 2.0), one_minus_square);
    }

    #[test]
    fn values() {
        let (inf, nan, half_pi) = (f64::INFINITY, f64::NAN, std::f64::consts::FRAC_PI_2);
        let table = [
            (0.0, [0.0, 1.0, 0.0]),
            (1.0, [half_pi, inf, inf]),
            (-1.0, [-half_pi, inf, -inf]),
            (1.5, [nan; 3]),
            (-inf, [nan; 3]),
        ];
        points::exact(Tensor::asin, Tensor::asin, &table);
        let table = [
            (0.5, [std::f64::consts::FRAC_PI_6, 1.1547005383792515, 0.769800358919501]),
            (-0.9, [-1.1197695149986342, 2.294157338705618, -10.867061078079246]),
        ];
        points::close(Tensor::asin, 2e-15, &table);
        // A billionth below 1, where `1 - x²` would lose half of its digits: 1/√(2e-9 - 1e-18).
        let x = Tensor::param(1.0 - 2.0_f64.powi(-30));
        let slope = x.asin().backward()[&x].item();
        assert!((slope / (2.0_f64.powi(29) / (1.0 - 2.0_f64.powi(-31))).sqrt() - 1.0).abs() < 1e-15, "{slope}");
        points::keeps_nan(Tensor::asin, Tensor::asin);
    }
}
