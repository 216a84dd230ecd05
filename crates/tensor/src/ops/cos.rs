//! The cosine; the derivative is `-sin(x)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Cos;

impl<F: Float> Elementwise<F, 1> for Cos {
    fn name(&self) -> &'static str {
        "cos"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("cos(x)", &[("x", "-sin(x)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.cos()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        -dy * x.sin()
    }
}

impl<F: Float> Tensor<F> {
    /// The cosine of every element (in radians).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.cos().item(), 1.0);
    /// assert_eq!(x.cos().backward()[&x].item(), 0.0);
    /// ```
    pub fn cos(&self) -> Tensor<F> {
        elementwise(Cos, [self])
    }
}

compiled!(Elementwise<1> Cos);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("cos", Domain::between(-4.0, 4.0), |x| x.cos());
    }

    #[test]
    fn values() {
        points::exact(Tensor::cos, Tensor::cos, &[(0.0, [1.0, 0.0, -1.0]), (f64::INFINITY, [f64::NAN; 3])]);
        points::close(Tensor::cos, 1e-15, &[(0.5, [0.8775825618903728, -0.479425538604203, -0.8775825618903728])]);
        points::keeps_nan(Tensor::cos, Tensor::cos);
    }
}
