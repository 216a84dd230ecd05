//! The exponential: `y = eˣ`; the derivative is `y`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Exp;

impl<F: Float> Elementwise<F, 1> for Exp {
    fn name(&self) -> &'static str {
        "exp"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("exp(x)", &[("x", "y")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.exp()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * y
    }
}

impl<F: Float> Tensor<F> {
    /// The exponential `eˣ` of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, f64::NEG_INFINITY]);
    /// assert_eq!(x.exp().to_vec(), [1.0, 0.0]);
    /// assert_eq!(x.exp().sum().backward()[&x].to_vec(), [1.0, 0.0]);
    /// ```
    pub fn exp(&self) -> Tensor<F> {
        elementwise(Exp, [self])
    }
}

compiled!(Elementwise<1> Exp);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("exp", Domain::between(-2.0, 2.0), |x| x.exp());
    }
}
