//! The hard sigmoid, a piecewise-linear sigmoid: `relu6(x + 3) / 6`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The hard sigmoid `min(max(x + 3, 0), 6) / 6` of every element (Howard et al. 2019,
    /// [arXiv:1905.02244](https://arxiv.org/abs/1905.02244)). The derivative at -3 and 3 is 0, as in PyTorch; NaN stays
    /// NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-4.0, -1.5, 0.0, 3.0]).hardsigmoid().to_vec(), [0.0, 0.25, 0.5, 1.0]);
    /// ```
    pub fn hardsigmoid(&self) -> Tensor<F> {
        (self + F::from_f64(3.0)).relu6() / F::from_f64(6.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("hardsigmoid", Domain::between(-4.0, 4.0).avoiding(&[-3.0, 3.0]), |x| x.hardsigmoid());
    }

    #[test]
    fn the_kinks() {
        let table = [(-3.0, [0.0; 3]), (0.0, [0.5, 1.0 / 6.0, 0.0]), (3.0, [1.0, 0.0, 0.0]), (1000.0, [1.0, 0.0, 0.0])];
        points::exact(Tensor::hardsigmoid, Tensor::hardsigmoid, &table);
        points::keeps_nan(Tensor::hardsigmoid, Tensor::hardsigmoid);
    }
}
