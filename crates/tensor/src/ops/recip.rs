//! The reciprocal: `1 / x`.
//!
//! Composed of division, which has the derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The reciprocal `1 / x` of every element: inf at 0, with derivative -inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 4.0]);
    /// assert_eq!(x.recip().to_vec(), [f64::INFINITY, 0.25]);
    /// assert_eq!(x.recip().sum().backward()[&x].to_vec(), [f64::NEG_INFINITY, -0.0625]);
    /// ```
    #[doc(alias = "reciprocal")]
    pub fn recip(&self) -> Tensor<F> {
        Tensor::from(F::one()) / self
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("recip", Domain::between(-2.0, 2.0).avoiding(&[-0.5, 0.0, 0.5]), |x| x.recip());
    }

    #[test]
    fn the_pole() {
        let inf = f64::INFINITY;
        let table =
            [(2.0, [0.5, -0.25, 0.25]), (0.0, [inf, -inf, inf]), (-0.0, [-inf, -inf, -inf]), (inf, [0.0, 0.0, 0.0])];
        points::exact(Tensor::recip, Tensor::recip, &table);
        points::keeps_nan(Tensor::recip, Tensor::recip);
    }
}
