//! The Gaussian error linear unit: `x·Φ(x)`, with `Φ` the cumulative distribution of the standard normal.
//!
//! `Φ` is a primitive for numerical stability: at large negative `x`, `½(1 + erf(x/√2))` cancels and `½·erfc(-x/√2)`
//! does not.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

const FRAC_1_ROOT_TWO_PI: f64 = 0.398_942_280_401_432_7;

/// `Φ(x) = ½·erfc(-x/√2)`; the derivative is the density `φ(x) = e^(-x²/2) / √2π`.
struct NormalCdf;

impl<F: Float> Elementwise<F, 1> for NormalCdf {
    fn name(&self) -> &'static str {
        "normal_cdf"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("Φ(x)", &[("x", "exp(-x²/2)/√(2·π)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.normal_cdf()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // φ(x). Where `x²` overflows, `exp(-inf)` is the right limit, 0.
        dy * (x.square() * F::from_f64(-0.5)).exp() * F::from_f64(FRAC_1_ROOT_TWO_PI)
    }
}

impl<F: Float> Tensor<F> {
    /// The Gaussian error linear unit (GELU) `x·Φ(x)` of every element, with the exact `Φ` (Hendrycks and Gimpel 2016,
    /// [arXiv:1606.08415](https://arxiv.org/abs/1606.08415)); [`gelu_tanh`](Self::gelu_tanh) is the tanh approximation.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0, 1000.0_f64]).gelu().to_vec();
    /// assert_eq!([y[0], y[1], y[3]], [0.0, 0.0, 1000.0]);
    /// assert!((y[2] - 0.8413447460685429).abs() < 1e-15);
    /// ```
    pub fn gelu(&self) -> Tensor<F> {
        // The product rule supplies the derivative, Φ(x) + x·φ(x).
        self * elementwise(NormalCdf, [self])
    }
}

compiled!(Elementwise<1> NormalCdf);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("gelu", Domain::between(-2.0, 2.0), |x| x.gelu());
        sweep::unary("normal_cdf", Domain::between(-2.0, 2.0), |x| elementwise(NormalCdf, [x]));
    }

    #[test]
    fn values() {
        points::close(
            Tensor::gelu,
            2e-14,
            &[
                (0.0, [0.0, 0.5, 0.7978845608028654]),
                (1.0, [0.8413447460685429, 1.0833154705876863, 0.24197072451914335]),
                (-1.0, [-0.15865525393145705, -0.0833154705876863, 0.24197072451914335]),
                // Here ½(1 + erf(x/√2)) rounds to 0.
                (-10.0, [-7.619853024160526e-23, -7.618400096464814e-22, -7.540706654172291e-21]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table =
            [(-1000.0, [0.0, 0.0, 0.0]), (0.0, [0.0, 0.5, 2.0 * FRAC_1_ROOT_TWO_PI]), (1000.0, [1000.0, 1.0, 0.0])];
        points::exact(Tensor::gelu, Tensor::gelu, &table);
        points::keeps_nan(Tensor::gelu, Tensor::gelu);
    }
}
