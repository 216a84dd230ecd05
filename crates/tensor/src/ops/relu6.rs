//! ReLU capped at 6: `x` clamped to `[0, 6]`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Every element clamped to `[0, 6]` (Howard et al. 2017, [arXiv:1704.04861](https://arxiv.org/abs/1704.04861)).
    /// The derivative at 0 and 6 is 0, as in PyTorch; NaN stays NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0, 7.0]).relu6().to_vec(), [0.0, 3.0, 6.0]);
    /// ```
    pub fn relu6(&self) -> Tensor<F> {
        self.clamp(F::zero(), F::from_f64(6.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("relu6", Domain::between(-2.0, 8.0).avoiding(&[0.0, 6.0]), |x| x.relu6());
    }

    #[test]
    fn the_kinks() {
        let table = [
            (-1.0, [0.0; 3]),
            (0.0, [0.0; 3]),
            (3.0, [3.0, 1.0, 0.0]),
            (6.0, [6.0, 0.0, 0.0]),
            (1000.0, [6.0, 0.0, 0.0]),
        ];
        points::exact(Tensor::relu6, Tensor::relu6, &table);
        points::keeps_nan(Tensor::relu6, Tensor::relu6);
    }
}
