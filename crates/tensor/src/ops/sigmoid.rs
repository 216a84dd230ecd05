//! The logistic function (sigmoid): `σ(x) = 1 / (1 + e⁻ˣ)`; the derivative is `σ(1 - σ)`.
//!
//! A primitive for numerical stability: the derivative of the composed form is `inf/inf` at large negative `x`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Sigmoid;

impl<F: Float> Elementwise<F, 1> for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("1/(1 + exp(-x))", &[("x", "y·(1 - y)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        F::one() / (F::one() + (-x).exp())
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * (y - y.square())
    }
}

impl<F: Float> Tensor<F> {
    /// The sigmoid `σ(x) = 1 / (1 + e⁻ˣ)` of every element. It saturates at 0 and 1, with gradient 0, never NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0_f32, 0.0, 1000.0]);
    /// assert_eq!(x.sigmoid().to_vec(), [0.0, 0.5, 1.0]);
    /// assert_eq!(x.sigmoid().sum().backward()[&x].to_vec(), [0.0, 0.25, 0.0]);
    /// ```
    pub fn sigmoid(&self) -> Tensor<F> {
        elementwise(Sigmoid, [self])
    }
}

compiled!(Elementwise<1> Sigmoid);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("sigmoid", Domain::between(-4.0, 4.0), |x| x.sigmoid());
    }
}
