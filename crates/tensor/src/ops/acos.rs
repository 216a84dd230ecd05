//! The arc cosine; the derivative is `-1 / √(1 - x²)`.

use super::asin::slope;
use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Acos;

impl<F: Float> Elementwise<F, 1> for Acos {
    fn name(&self) -> &'static str {
        "acos"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("acos(x)", &[("x", "-1/√(1 - x²)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.acos()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        -dy * slope(x)
    }
}

impl<F: Float> Tensor<F> {
    /// The arc cosine of every element, in [0, π]: NaN outside of [-1, 1]; the derivative at -1 and 1 is -inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 1.0_f64]);
    /// assert_eq!(x.acos().to_vec(), [std::f64::consts::FRAC_PI_2, 0.0]);
    /// assert_eq!(x.acos().sum().backward()[&x].to_vec(), [-1.0, f64::NEG_INFINITY]);
    /// ```
    #[doc(alias = "arccos")]
    pub fn acos(&self) -> Tensor<F> {
        elementwise(Acos, [self])
    }
}

compiled!(Elementwise<1> Acos);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("acos", Domain::between(-0.8, 0.8), |x| x.acos());
    }

    #[test]
    fn values() {
        let (inf, nan, pi) = (f64::INFINITY, f64::NAN, std::f64::consts::PI);
        let table = [
            (0.0, [pi / 2.0, -1.0, 0.0]),
            (1.0, [0.0, -inf, -inf]),
            (-1.0, [pi, -inf, inf]),
            (1.5, [nan; 3]),
            (-inf, [nan; 3]),
        ];
        points::exact(Tensor::acos, Tensor::acos, &table);
        let table = [
            (0.5, [std::f64::consts::FRAC_PI_3, -1.1547005383792515, -0.769800358919501]),
            (-0.9, [2.6905658417935308, -2.294157338705618, 10.867061078079246]),
        ];
        points::close(Tensor::acos, 2e-15, &table);
        points::keeps_nan(Tensor::acos, Tensor::acos);
    }
}
