//! Mish: `x·tanh(softplus(x))`.
//!
//! Composed: all factors and their derivatives are numerically stable for every `x`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Mish, `x·tanh(ln(1 + eˣ))`, of every element (Misra 2019,
    /// [arXiv:1908.08681](https://arxiv.org/abs/1908.08681)).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.mish().to_vec(), [0.0, 0.0, 1000.0]);
    /// let slope = x.mish().sum().backward()[&x].to_vec();
    /// assert_eq!([slope[0], slope[2]], [0.0, 1.0]);
    /// assert!((slope[1] - 0.6_f64).abs() < 1e-15);
    /// ```
    pub fn mish(&self) -> Tensor<F> {
        self * self.softplus().tanh()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("mish", Domain::between(-2.0, 2.0), |x| x.mish());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::mish,
            5e-15,
            &[
                (0.0, [0.0, 0.6, 0.64]),
                (1.0, [0.8650983882673104, 1.0490362200997921, 0.18468576447332827]),
                (-1.0, [-0.30340146137410893, 0.05921675587739495, 0.34970567367064495]),
                (-30.0, [-2.807286890651921e-12, -2.7137106609633923e-12, -2.620134431274741e-12]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [0.0, 0.0, 0.0]), (1000.0, [1000.0, 1.0, 0.0])];
        points::exact(Tensor::mish, Tensor::mish, &table);
        points::keeps_nan(Tensor::mish, Tensor::mish);
    }
}
