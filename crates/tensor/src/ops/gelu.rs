//! The Gaussian error linear unit: `x·Φ(x)`, with `Φ` the cumulative distribution of the standard normal.
//!
//! A product with `Φ`, which is a primitive for numerical stability: `½(1 + erf(x/√2))` loses all digits at
//! large negative `x`, where `½·erfc(-x/√2)` keeps them.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

/// `Φ(x) = ½·erfc(-x/√2)`; the derivative is the density `φ(x) = e^(-x²/2) / √2π`.
struct NormalCdf;

impl<F: Float> Op<F, 1> for NormalCdf {
    fn name(&self) -> &'static str {
        "normal_cdf"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        kernels::map(&x, |x| F::from_f64(0.5 * libm::erfc(-x.as_f64() * std::f64::consts::FRAC_1_SQRT_2)))
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let one_over_root_two_pi = F::FRAC_2_SQRT_PI() * F::FRAC_1_SQRT_2() / F::from_f64(2.0);
        dy * (x.square() * F::from_f64(-0.5)).exp() * one_over_root_two_pi
    }
}

impl<F: Float> Tensor<F> {
    /// The Gaussian error linear unit `x·Φ(x)` of every element, with the exact `Φ` (Hendrycks and Gimpel 2016,
    /// [arXiv:1606.08415](https://arxiv.org/abs/1606.08415)); the faster approximation is
    /// [`gelu_tanh`](Self::gelu_tanh).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0, 1000.0_f64]).gelu().to_vec();
    /// assert_eq!([y[0], y[1], y[3]], [0.0, 0.0, 1000.0]);
    /// assert!((y[2] - 0.8413447460685429).abs() < 1e-15);
    /// ```
    pub fn gelu(&self) -> Tensor<F> {
        self * apply(NormalCdf, [self])
    }
}
