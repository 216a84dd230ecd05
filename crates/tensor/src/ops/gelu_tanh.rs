//! The tanh approximation of the Gaussian error linear unit: `½x(1 + tanh u)`, `u = √(2/π)·(x + 0.044715x³)`.
//!
//! Composed as `x·σ(2u)`, the same function without the cancellation at large negative `x`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The tanh approximation `½x(1 + tanh(√(2/π)·(x + 0.044715x³)))` of [`gelu`](Self::gelu), with an error below 5e-4
    /// (Hendrycks and Gimpel 2016, [arXiv:1606.08415](https://arxiv.org/abs/1606.08415), section 2).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0, 1000.0_f64]).gelu_tanh().to_vec();
    /// assert_eq!([y[0], y[1], y[3]], [0.0, 0.0, 1000.0]);
    /// assert!((y[2] - 0.8411919906082768).abs() < 1e-15);
    /// ```
    pub fn gelu_tanh(&self) -> Tensor<F> {
        // 2u = x·(linear + cubic·x²)
        let linear = F::from_f64((8.0 / std::f64::consts::PI).sqrt());
        let cubic = linear * F::from_f64(0.044715);
        self * (self * (self.square() * cubic + linear)).sigmoid()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("gelu_tanh", Domain::between(-2.0, 2.0), |x| x.gelu_tanh());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::gelu_tanh,
            5e-14,
            &[
                (0.0, [0.0, 0.5, 0.7978845608028654]),
                (1.0, [0.8411919906082767, 1.0829640838457826, 0.24214819798377295]),
                (-1.0, [-0.1588080093917233, -0.08296408384578256, 0.24214819798377295]),
                // Here ½(1 + tanh u) rounds to 0.
                (-10.0, [-1.204092348209806e-37, -2.7576380638540316e-36, -6.263930626022879e-35]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [0.0, 0.0, 0.0]), (1000.0, [1000.0, 1.0, 0.0])];
        points::exact(Tensor::gelu_tanh, Tensor::gelu_tanh, &table);
        points::keeps_nan(Tensor::gelu_tanh, Tensor::gelu_tanh);
    }

    #[test]
    fn near_the_exact_one() {
        let x = Tensor::from((-6000..=6000).map(|i| f64::from(i) * 1e-3).collect::<Vec<_>>());
        let distance = (x.gelu_tanh() - x.gelu()).abs().to_vec().into_iter().fold(0.0, f64::max);
        assert!((4e-4..5e-4).contains(&distance), "{distance}");
    }
}
