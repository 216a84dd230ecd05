//! The square: `x²`; the derivative is `2x`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Square;

impl<F: Float> Elementwise<F, 1> for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x²", &[("x", "2·x")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x * x
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x * F::from_f64(2.0)
    }
}

impl<F: Float> Tensor<F> {
    /// The square of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([3.0, -2.0]);
    /// assert_eq!(x.square().to_vec(), [9.0, 4.0]);
    /// assert_eq!(x.square().sum().backward()[&x].to_vec(), [6.0, -4.0]);
    /// ```
    pub fn square(&self) -> Tensor<F> {
        elementwise(Square, [self])
    }
}

compiled!(Elementwise<1> Square);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("square", Domain::between(-2.0, 2.0), |x| x.square());
    }
}
