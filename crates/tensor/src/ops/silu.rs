//! The sigmoid linear unit (SiLU, also called swish): `x·σ(x)`.
//!
//! Composed: the product, [`sigmoid`](Tensor::sigmoid) and their derivatives are numerically stable for every `x`.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The sigmoid linear unit (SiLU, also called swish) `x·σ(x)` of every element (Hendrycks and Gimpel 2016,
    /// [arXiv:1606.08415](https://arxiv.org/abs/1606.08415); Elfwing, Uchibe and Doya 2017,
    /// [arXiv:1702.03118](https://arxiv.org/abs/1702.03118)).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.silu().to_vec(), [0.0, 0.0, 1000.0]);
    /// assert_eq!(x.silu().sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    pub fn silu(&self) -> Tensor<F> {
        self * self.sigmoid()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("silu", Domain::between(-2.0, 2.0), |x| x.silu());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::silu,
            5e-15,
            &[
                (0.0, [0.0, 0.5, 0.5]),
                (1.0, [0.7310585786300049, 0.9276705118714867, 0.3023661188100153]),
                (-1.0, [-0.2689414213699951, 0.07232948812851327, 0.3023661188100153]),
                (-30.0, [-2.8072868906517897e-12, -2.713710660963134e-12, -2.620134431274233e-12]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [0.0, 0.0, 0.0]), (0.0, [0.0, 0.5, 0.5]), (1000.0, [1000.0, 1.0, 0.0])];
        points::exact(Tensor::silu, Tensor::silu, &table);
        points::keeps_nan(Tensor::silu, Tensor::silu);
    }
}
