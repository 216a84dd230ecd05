//! Softsign: `x / (1 + |x|)`; the derivative is `1 / (1 + |x|)²`.
//!
//! A primitive for numerical stability: the derivative of the composed form, `1/(1 + |x|) - |x|/(1 + |x|)²`, cancels at
//! large `x` (at 1000, three digits are lost).

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Softsign;

impl<F: Float> Elementwise<F, 1> for Softsign {
    fn name(&self) -> &'static str {
        "softsign"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x/(1 + |x|)", &[("x", "1/(1 + |x|)²")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x / (F::one() + x.abs())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x.abs() + F::one()).square()
    }
}

impl<F: Float> Tensor<F> {
    /// Softsign, `x / (1 + |x|)`, of every element: like [`tanh`](Self::tanh), but it approaches -1 and 1 slowly. The
    /// derivative at 0 is 1; the second derivative jumps there and is taken to be 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-3.0, 0.0, 1.0]);
    /// assert_eq!(x.softsign().to_vec(), [-0.75, 0.0, 0.5]);
    /// assert_eq!(x.softsign().sum().backward()[&x].to_vec(), [0.0625, 1.0, 0.25]);
    /// ```
    pub fn softsign(&self) -> Tensor<F> {
        elementwise(Softsign, [self])
    }
}

compiled!(Elementwise<1> Softsign);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("softsign", Domain::between(-2.0, 2.0).avoiding(&[0.0]), |x| x.softsign());
    }

    #[test]
    fn values() {
        let (value, slope, curvature) = (0.9990009990009990, 9.98002996004995e-7, -1.9940119800299581e-9);
        let table = [
            (-1000.0, [-value, slope, -curvature]),
            (-3.0, [-0.75, 0.0625, 0.03125]),
            (0.0, [0.0, 1.0, 0.0]),
            (1000.0, [value, slope, curvature]),
        ];
        points::close(Tensor::softsign, 2e-15, &table);
        points::exact(Tensor::softsign, Tensor::softsign, &table[1..3]);
        points::keeps_nan(Tensor::softsign, Tensor::softsign);
    }
}
