//! The natural logarithm of one plus `x`: `ln(1 + x)`; the derivative is `1 / (1 + x)`.
//!
//! A primitive for numerical stability: near 0, `1 + x` rounds `x` away.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Log1p;

impl<F: Float> Elementwise<F, 1> for Log1p {
    fn name(&self) -> &'static str {
        "log1p"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(1 + x)", &[("x", "1/(1 + x)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.ln_1p()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x + F::one())
    }
}

impl<F: Float> Tensor<F> {
    /// `ln(1 + x)` of every element, accurate near 0 too: -inf at -1, with derivative inf; NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([-1.0, 0.0, 1e-20]);
    /// assert_eq!(x.log1p().to_vec(), [f64::NEG_INFINITY, 0.0, 1e-20]);
    /// ```
    pub fn log1p(&self) -> Tensor<F> {
        elementwise(Log1p, [self])
    }

    /// [`log1p`](Self::log1p) under its name in Rust's standard library.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).ln_1p(), Tensor::from([0.0, 1e-20]));
    /// ```
    pub fn ln_1p(&self) -> Tensor<F> {
        self.log1p()
    }
}

compiled!(Elementwise<1> Log1p);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("log1p", Domain::between(-0.6, 2.0), |x| x.log1p());
    }

    #[test]
    fn small_and_large() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table =
            [(-1.0, [-inf, inf, -inf]), (0.0, [0.0, 1.0, -1.0]), (1e-30, [1e-30, 1.0, -1.0]), (inf, [inf, 0.0, 0.0])];
        points::exact(Tensor::log1p, Tensor::log1p, &table);
        points::close(Tensor::log1p, 1e-15, &[(1.0, [std::f64::consts::LN_2, 0.5, -0.25])]);
        assert!(Tensor::from(-2.0_f32).log1p().item().is_nan());
        points::exact(Tensor::log1p, Tensor::log1p, &[(nan, [nan; 3])]);
    }
}
