//! The absolute value: `|x|`; the derivative is the sign of `x`, 0 at 0.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Abs;

impl<F: Float> Elementwise<F, 1> for Abs {
    fn name(&self) -> &'static str {
        "abs"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("|x|", &[("x", "sign(x)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.abs()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.signs()
    }
}

impl<F: Float> Tensor<F> {
    /// The absolute value of every element. The derivative at 0 is 0, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-2.0, 0.0, 3.0]);
    /// assert_eq!(x.abs().to_vec(), [2.0, 0.0, 3.0]);
    /// assert_eq!(x.abs().sum().backward()[&x].to_vec(), [-1.0, 0.0, 1.0]);
    /// ```
    pub fn abs(&self) -> Tensor<F> {
        elementwise(Abs, [self])
    }
}

compiled!(Elementwise<1> Abs);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("abs", Domain::between(-2.0, 2.0).avoiding(&[0.0]), |x| x.abs());
    }

    #[test]
    fn the_kink() {
        let inf = f64::INFINITY;
        let table = [(0.0, [0.0; 3]), (-0.0, [0.0; 3]), (-1000.0, [1000.0, -1.0, 0.0]), (-inf, [inf, -1.0, 0.0])];
        points::exact(Tensor::abs, Tensor::abs, &table);
        points::keeps_nan(Tensor::abs, Tensor::abs);
    }
}
