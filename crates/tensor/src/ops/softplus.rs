//! Softplus, a smooth ReLU: `softplus(x) = ln(1 + eˣ)`; the derivative is `σ(x)`.
//!
//! A primitive for numerical stability: `eˣ` overflows above 88 in `f32`. Computed as `max(x, 0) + ln(1 + e^(-|x|))`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Softplus;

impl<F: Float> Elementwise<F, 1> for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("ln(1 + exp(x))", &[("x", "σ(x)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        // `max` drops NaN; the second term keeps it.
        x.max(F::zero()) + (-x.abs()).exp().ln_1p()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.sigmoid()
    }
}

impl<F: Float> Tensor<F> {
    /// Softplus `ln(1 + eˣ)`, a smooth approximation of ReLU, of every element. For PyTorch's `beta`, write
    /// `(x * beta).softplus() / beta`.
    ///
    /// PyTorch switches to `x` above its `threshold` of 20, with an error of up to 2e-9; this is accurate throughout.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.softplus().to_vec(), [0.0, 2.0_f64.ln(), 1000.0]);
    /// assert_eq!(x.softplus().sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    pub fn softplus(&self) -> Tensor<F> {
        elementwise(Softplus, [self])
    }
}

compiled!(Elementwise<1> Softplus);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("softplus", Domain::between(-2.0, 2.0), |x| x.softplus());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::softplus,
            1e-15,
            &[
                (0.0, [std::f64::consts::LN_2, 0.5, 0.25]),
                (1.0, [1.3132616875182228, 0.7310585786300049, 0.19661193324148185]),
                (-1.0, [0.31326168751822286, 0.2689414213699951, 0.19661193324148185]),
                (-30.0, [9.357622968839737e-14, 9.357622968839299e-14, 9.357622968838423e-14]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [0.0, 0.0, 0.0]), (1000.0, [1000.0, 1.0, 0.0])];
        points::exact(Tensor::softplus, Tensor::softplus, &table);
        points::keeps_nan(Tensor::softplus, Tensor::softplus);
    }
}
