//! The error function: `erf(x) = 2/√π · ∫₀ˣ e^(-t²) dt`; the derivative is `2/√π · e^(-x²)`.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Erf;

impl<F: Float> Op<F, 1> for Erf {
    fn name(&self) -> &'static str {
        "erf"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| F::from_f64(libm::erf(x.as_f64())))
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * (-x.square()).exp() * F::FRAC_2_SQRT_PI()
    }
}

impl<F: Float> Tensor<F> {
    /// The error function `2/√π · ∫₀ˣ e^(-t²) dt` of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0_f64]).erf().to_vec();
    /// assert_eq!(y[..2], [-1.0, 0.0]);
    /// assert!((y[2] - 0.8427007929497149).abs() < 1e-15);
    /// ```
    pub fn erf(&self) -> Tensor<F> {
        apply(Erf, [self])
    }
}
