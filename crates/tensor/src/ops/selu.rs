//! The scaled exponential linear unit (SELU): `λ·elu(x, α)`.
//!
//! Composed of [`elu`](Tensor::elu), which has the derivatives.

use crate::{Float, Tensor};

/// With these constants, activations converge to mean 0 and variance 1 from layer to layer.
const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

impl<F: Float> Tensor<F> {
    /// The scaled exponential linear unit (SELU) of every element: `λx` above 0, `λα(eˣ - 1)` elsewhere, with
    /// λ = 1.0507… and α = 1.6733… (Klambauer et al. 2017, "Self-normalizing neural networks",
    /// [arXiv:1706.02515](https://arxiv.org/abs/1706.02515)). The derivative at 0 is `λα`, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1.0, 0.0, 1.0_f64]).selu().to_vec();
    /// assert!((y[0] + 1.1113307378125625).abs() < 1e-15);
    /// assert_eq!(y[1..], [0.0, 1.0507009873554805]);
    /// ```
    pub fn selu(&self) -> Tensor<F> {
        self.elu(F::from_f64(ALPHA)) * F::from_f64(SCALE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("selu", Domain::between(-2.0, 2.0).avoiding(&[0.0]), |x| x.selu());
    }

    #[test]
    fn values() {
        let (scale, product) = (1.0507009873554805, 1.7580993408473769);
        let table = [
            (-1000.0, [-product, 0.0, 0.0]),
            (-1.0, [-1.1113307378125628, 0.6467686030348143, 0.6467686030348143]),
            (0.0, [0.0, product, product]),
            (1000.0, [1000.0 * scale, scale, 0.0]),
        ];
        points::close(Tensor::selu, 5e-16, &table);
        points::keeps_nan(Tensor::selu, Tensor::selu);
    }

    /// eˣ overflows at 1000.
    #[test]
    fn far_out_in_f32() {
        let x = Tensor::param([-1000.0_f32, 1000.0]);
        let y = x.selu();
        assert!(y.all_close([-1.7580993, 1050.701], 1e-7, 0.0), "{y}");
        let slope = &y.sum().backward()[&x];
        assert!(slope.all_close([0.0, 1.050701], 1e-7, 0.0), "{slope}");
    }

    /// The purpose of the constants: a standard normal input gives an output of mean 0 and variance 1.
    #[test]
    fn keeps_mean_and_variance() {
        let x: Vec<f64> = (-80_000..=80_000).map(|i| f64::from(i) * 1e-4).collect();
        let density = (Tensor::from(x.as_slice()).square() * -0.5).exp() * (1e-4 / (2.0 * std::f64::consts::PI).sqrt());
        let y = Tensor::from(x).selu();
        assert!((&density * &y).sum().item().abs() < 1e-8);
        assert!(((&density * y.square()).sum().item() - 1.0).abs() < 1e-8);
    }
}
