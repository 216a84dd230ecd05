//! The sine; the derivative is the cosine.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Sin;

impl<F: Float> Elementwise<F, 1> for Sin {
    fn name(&self) -> &'static str {
        "sin"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("sin(x)", &[("x", "cos(x)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.sin()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.cos()
    }
}

impl<F: Float> Tensor<F> {
    /// The sine of every element, in radians.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.sin().item(), 0.0);
    /// assert_eq!(x.sin().backward()[&x].item(), 1.0);
    /// ```
    pub fn sin(&self) -> Tensor<F> {
        elementwise(Sin, [self])
    }
}

compiled!(Elementwise<1> Sin);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("sin", Domain::between(-4.0, 4.0), |x| x.sin());
    }

    #[test]
    fn values() {
        points::exact(Tensor::sin, Tensor::sin, &[(0.0, [0.0, 1.0, 0.0]), (f64::INFINITY, [f64::NAN; 3])]);
        points::close(Tensor::sin, 1e-15, &[(0.5, [0.479425538604203, 0.8775825618903728, -0.479425538604203])]);
        points::keeps_nan(Tensor::sin, Tensor::sin);
    }
}
