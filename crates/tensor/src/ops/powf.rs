//! A power with a fixed exponent: `xᵖ`; the derivative is `p·xᵖ⁻¹`, and 0 for `p = 0`.

use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Powf<F>(F);

impl<F: Float> Elementwise<F, 1> for Powf<F> {
    fn name(&self) -> &'static str {
        "powf"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x^exponent", &[("x", "exponent·x^(exponent - 1)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("exponent", self.0.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.powf(self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The formula would be `0·inf` at 0.
        if self.0 == F::zero() {
            return Tensor::zeros(x.shape());
        }
        dy * x.powf(self.0 - F::one()) * self.0
    }
}

impl<F: Float> Tensor<F> {
    /// Every element raised to `exponent`; NaN for negative elements unless the exponent is an integer. `x⁰` is 1 with
    /// gradient 0, even at 0; for exponents between 0 and 1, the derivative at 0 is inf, as in PyTorch. For integer
    /// exponents, [`powi`](Self::powi) is faster and slightly more accurate; for a tensor of exponents, see
    /// [`pow`](Self::pow).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 1.0, 4.0]);
    /// assert_eq!(x.powf(2.5).to_vec(), [0.0, 1.0, 32.0]);
    /// assert_eq!(x.powf(2.5).sum().backward()[&x].to_vec(), [0.0, 2.5, 20.0]);
    /// ```
    #[doc(alias = "pow")]
    pub fn powf(&self, exponent: F) -> Tensor<F> {
        elementwise(Powf(exponent), [self])
    }
}

compiled!(Elementwise<1> Powf<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        for exponent in [2.5, -1.5, 0.5, 1.0, 0.0] {
            sweep::unary("powf", Domain::between(0.3, 2.0), |x| x.powf(exponent));
        }
        sweep::unary("powf", Domain::between(-2.0, 2.0), |x| x.powf(3.0));
    }

    #[test]
    fn at_0_and_below() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        points::exact(|x| x.powf(0.0), |x| x.powf(0.0), &[(0.0, [1.0, 0.0, 0.0]), (-2.0, [1.0, 0.0, 0.0])]);
        points::exact(|x| x.powf(0.5), |x| x.powf(0.5), &[(0.0, [0.0, inf, -inf]), (4.0, [2.0, 0.25, -0.03125])]);
        points::exact(|x| x.powf(1.0), |x| x.powf(1.0), &[(0.0, [0.0, 1.0, 0.0]), (-8.0, [-8.0, 1.0, 0.0])]);
        points::exact(|x| x.powf(2.0), |x| x.powf(2.0), &[(0.0, [0.0, 0.0, 2.0]), (-3.0, [9.0, -6.0, 2.0])]);
        points::exact(|x| x.powf(-1.0), |x| x.powf(-1.0), &[(0.0, [inf, -inf, inf]), (-2.0, [-0.5, -0.25, -0.25])]);
        points::exact(|x| x.powf(2.5), |x| x.powf(2.5), &[(-8.0, [nan; 3])]);
        points::keeps_nan(|x| x.powf(2.5), |x| x.powf(2.5));
    }
}
