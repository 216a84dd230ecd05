//! The natural logarithm; the derivative is `1 / x`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Ln;

impl<F: Float> Elementwise<F, 1> for Ln {
    fn name(&self) -> &'static str {
        "ln"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(x)", &[("x", "1/x")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.ln()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / x
    }
}

impl<F: Float> Tensor<F> {
    /// The natural logarithm of every element: -inf at 0, NaN below.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 4.0]);
    /// assert_eq!(x.ln().view()[0], 0.0);
    /// assert_eq!(x.ln().sum().backward()[&x].to_vec(), [1.0, 0.25]);
    /// ```
    #[doc(alias = "log")]
    pub fn ln(&self) -> Tensor<F> {
        elementwise(Ln, [self])
    }
}

compiled!(Elementwise<1> Ln);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("ln", Domain::between(0.2, 3.0), |x| x.ln());
    }
}
