//! The tangent: `y = tan(x)`; the derivative is `1 + y²`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Tan;

impl<F: Float> Elementwise<F, 1> for Tan {
    fn name(&self) -> &'static str {
        "tan"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("tan(x)", &[("x", "1 + y²")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.tan()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * (y.square() + F::one())
    }
}

impl<F: Float> Tensor<F> {
    /// The tangent of every element, in radians.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.tan().item(), 0.0);
    /// assert_eq!(x.tan().backward()[&x].item(), 1.0);
    /// ```
    pub fn tan(&self) -> Tensor<F> {
        elementwise(Tan, [self])
    }
}

compiled!(Elementwise<1> Tan);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("tan", Domain::between(-1.2, 1.2), |x| x.tan());
    }

    #[test]
    fn values() {
        points::exact(Tensor::tan, Tensor::tan, &[(0.0, [0.0, 1.0, 0.0]), (f64::INFINITY, [f64::NAN; 3])]);
        let table = [
            (0.5, [0.5463024898437905, 1.2984464104095248, 1.4186890138709114]),
            (-1.0, [-1.5574077246549023, 3.4255188208147596, -10.669858944975317]),
        ];
        points::close(Tensor::tan, 2e-15, &table);
        points::keeps_nan(Tensor::tan, Tensor::tan);
    }
}
