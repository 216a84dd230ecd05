//! The logarithm to the base 2; the derivative is `1 / (x·ln 2)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Log2;

impl<F: Float> Elementwise<F, 1> for Log2 {
    fn name(&self) -> &'static str {
        "log2"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(x)/ln(2)", &[("x", "1/(x·ln(2))")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.log2()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x * F::LN_2())
    }
}

impl<F: Float> Tensor<F> {
    /// The logarithm to the base 2 of every element: -inf at 0, with derivative inf; NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([8.0, 0.5, 0.0, -1.0]).log2().to_vec();
    /// assert!(y[..3] == [3.0, -1.0, f64::NEG_INFINITY] && y[3].is_nan());
    /// ```
    pub fn log2(&self) -> Tensor<F> {
        elementwise(Log2, [self])
    }
}

compiled!(Elementwise<1> Log2);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("log2", Domain::between(0.3, 2.0), |x| x.log2());
    }

    #[test]
    fn values() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table = [(0.0, [-inf, inf, -inf]), (inf, [inf, 0.0, 0.0])];
        points::exact(Tensor::log2, Tensor::log2, &table);
        assert_eq!(Tensor::from([1.0, 32.0, 2.0_f64.powi(-100)]).log2().to_vec(), [0.0, 5.0, -100.0]);
        assert!(Tensor::from(-1.0_f32).log2().item().is_nan() && Tensor::from(-1.0).log2().item().is_nan());
        points::exact(Tensor::log2, Tensor::log2, &[(nan, [nan; 3])]);
        let table = [
            (0.1, [-std::f64::consts::LOG2_10, 14.426950408889633, -144.26950408889633]),
            (5.0, [2.321928094887362, 0.28853900817779266, -0.05770780163555854]),
            (1e10, [33.219280948873624, 1.4426950408889633e-10, -1.4426950408889633e-20]),
        ];
        points::close(Tensor::log2, 1e-15, &table);
        points::keeps_nan(Tensor::log2, Tensor::log2);
    }
}
