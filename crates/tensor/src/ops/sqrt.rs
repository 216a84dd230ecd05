//! The square root: `y = √x`; the derivative is `1 / 2y`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Sqrt;

impl<F: Float> Elementwise<F, 1> for Sqrt {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("√x", &[("x", "1/(2·y)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.sqrt()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (y * F::from_f64(2.0))
    }
}

impl<F: Float> Tensor<F> {
    /// The square root of every element; NaN below 0. The derivative at 0 is inf: where zeros occur, add a small
    /// constant first or see [`where_`](crate::where_).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 4.0]);
    /// assert_eq!(x.sqrt().to_vec(), [0.0, 2.0]);
    /// assert_eq!(x.sqrt().sum().backward()[&x].to_vec(), [f64::INFINITY, 0.25]);
    /// ```
    pub fn sqrt(&self) -> Tensor<F> {
        elementwise(Sqrt, [self])
    }
}

compiled!(Elementwise<1> Sqrt);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("sqrt", Domain::between(0.3, 2.0), |x| x.sqrt());
    }

    #[test]
    fn the_edge_of_the_domain() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table = [(4.0, [2.0, 0.25, -0.03125]), (0.0, [0.0, inf, -inf]), (-1.0, [nan; 3]), (inf, [inf, 0.0, 0.0])];
        points::exact(Tensor::sqrt, Tensor::sqrt, &table);
    }
}
