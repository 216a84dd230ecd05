//! The logarithm to the base 10; the derivative is `1 / (x·ln 10)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Log10;

impl<F: Float> Elementwise<F, 1> for Log10 {
    fn name(&self) -> &'static str {
        "log10"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(x)/ln(10)", &[("x", "1/(x·ln(10))")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.log10()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x * F::LN_10())
    }
}

impl<F: Float> Tensor<F> {
    /// The logarithm to the base 10 of every element: -inf at 0, with derivative inf; NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([1000.0, 1.0, 0.0, -1.0]).log10().to_vec();
    /// assert!(y[..3] == [3.0, 0.0, f64::NEG_INFINITY] && y[3].is_nan());
    /// ```
    pub fn log10(&self) -> Tensor<F> {
        elementwise(Log10, [self])
    }
}

compiled!(Elementwise<1> Log10);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("log10", Domain::between(0.3, 2.0), |x| x.log10());
    }

    #[test]
    fn values() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table = [(0.0, [-inf, inf, -inf]), (inf, [inf, 0.0, 0.0])];
        points::exact(Tensor::log10, Tensor::log10, &table);
        assert_eq!(Tensor::from([1.0, 1e5, 1e10]).log10().to_vec(), [0.0, 5.0, 10.0]);
        assert!(Tensor::from(-1.0_f32).log10().item().is_nan() && Tensor::from(-1.0).log10().item().is_nan());
        points::exact(Tensor::log10, Tensor::log10, &[(nan, [nan; 3])]);
        let table = [
            (0.1, [-1.0, 4.342944819032518, -43.429448190325175]),
            (5.0, [0.6989700043360189, 0.08685889638065036, -0.017371779276130074]),
            (1e10, [10.0, 4.342944819032518e-11, -4.342944819032518e-21]),
        ];
        points::close(Tensor::log10, 1e-15, &table);
        points::keeps_nan(Tensor::log10, Tensor::log10);
    }
}
