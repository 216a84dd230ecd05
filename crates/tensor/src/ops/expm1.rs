//! The exponential minus one: `eˣ - 1`; the derivative is `eˣ`.
//!
//! A primitive for numerical stability: near 0, `eˣ` rounds `x` away.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Expm1;

impl<F: Float> Elementwise<F, 1> for Expm1 {
    fn name(&self) -> &'static str {
        "expm1"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("exp(x) - 1", &[("x", "exp(x)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.exp_m1()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // Not `y + 1`, which cancels where `y` is near -1.
        dy * x.exp()
    }
}

impl<F: Float> Tensor<F> {
    /// `eˣ - 1` of every element, accurate near 0 too.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([-1000.0, 0.0, 1e-20]);
    /// assert_eq!(x.expm1().to_vec(), [-1.0, 0.0, 1e-20]);
    /// ```
    pub fn expm1(&self) -> Tensor<F> {
        elementwise(Expm1, [self])
    }

    /// [`expm1`](Self::expm1) under its name in Rust's standard library.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).exp_m1(), Tensor::from([0.0, 1e-20]));
    /// ```
    pub fn exp_m1(&self) -> Tensor<F> {
        self.expm1()
    }
}

compiled!(Elementwise<1> Expm1);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("expm1", Domain::between(-2.0, 2.0), |x| x.expm1());
    }

    #[test]
    fn small_and_large() {
        let inf = f64::INFINITY;
        let table =
            [(-1000.0, [-1.0, 0.0, 0.0]), (0.0, [0.0, 1.0, 1.0]), (1e-30, [1e-30, 1.0, 1.0]), (1000.0, [inf; 3])];
        points::exact(Tensor::expm1, Tensor::expm1, &table);
        let tail = 9.357622968840175e-14;
        points::close(Tensor::expm1, 1e-15, &[(-30.0, [-0.9999999999999064, tail, tail])]);
        points::keeps_nan(Tensor::expm1, Tensor::expm1);
    }
}
