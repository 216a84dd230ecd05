//! A power with a fixed exponent: `xᵖ`; the derivative is `p·xᵖ⁻¹`, and 0 for `p = 0`.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Powf<F>(F);

impl<F: Float> Op<F, 1> for Powf<F> {
    fn name(&self) -> &'static str {
        "powf"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| x.powf(self.0))
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if self.0 == F::zero() {
            return Tensor::zeros(x.shape());
        }
        dy * x.powf(self.0 - F::one()) * self.0
    }
}

impl<F: Float> Tensor<F> {
    /// Every element to the power `exponent`: NaN below 0 unless the exponent is whole. `x⁰` is 1 with gradient 0, also at
    /// 0; the derivative of a power between 0 and 1 is inf at 0, as in PyTorch. Whole powers are faster and a little more
    /// exact as [`powi`](Self::powi); for an exponent that is a tensor, see [`pow`](Self::pow).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 1.0, 4.0]);
    /// assert_eq!(x.powf(2.5).to_vec(), [0.0, 1.0, 32.0]);
    /// assert_eq!(x.powf(2.5).sum().backward()[&x].to_vec(), [0.0, 2.5, 20.0]);
    /// ```
    pub fn powf(&self, exponent: F) -> Tensor<F> {
        apply(Powf(exponent), [self])
    }
}
