//! The hard swish, a piecewise-quadratic swish: `x·relu6(x + 3) / 6`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The hard swish of every element, `x` times its [`hardsigmoid`](Self::hardsigmoid): 0 below -3, `x` above 3, a
    /// parabola in between (Howard et al. 2019, "Searching for MobileNetV3",
    /// [arXiv:1905.02244](https://arxiv.org/abs/1905.02244)). The derivative is 0 at -3 and 1 at 3, as in PyTorch; NaN
    /// stays NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-4.0, -3.0, 0.0, 3.0, 4.0]);
    /// assert_eq!(x.hardswish().to_vec(), [0.0, 0.0, 0.0, 3.0, 4.0]);
    /// assert_eq!(x.hardswish().sum().backward()[&x].to_vec(), [0.0, 0.0, 0.5, 1.0, 1.0]);
    /// ```
    pub fn hardswish(&self) -> Tensor<F> {
        self * self.hardsigmoid()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("hardswish", Domain::between(-4.0, 4.0).avoiding(&[-3.0, 3.0]), |x| x.hardswish());
    }

    #[test]
    fn the_kinks() {
        let table = [
            (-1000.0, [0.0; 3]),
            (-3.0, [0.0, 0.0, 0.0]),
            (0.0, [0.0, 0.5, 1.0 / 3.0]),
            (3.0, [3.0, 1.0, 0.0]),
            (1000.0, [1000.0, 1.0, 0.0]),
        ];
        points::exact(Tensor::hardswish, Tensor::hardswish, &table);
        points::keeps_nan(Tensor::hardswish, Tensor::hardswish);
    }
}
