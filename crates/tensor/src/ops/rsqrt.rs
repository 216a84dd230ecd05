//! The reciprocal of the square root: `1 / √x`.
//!
//! Composed of [`sqrt`](Tensor::sqrt) and [`recip`](Tensor::recip), which have the derivatives.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The reciprocal square root `1 / √x` of every element: inf at 0, with derivative -inf; NaN below 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 4.0]);
    /// assert_eq!(x.rsqrt().to_vec(), [f64::INFINITY, 0.5]);
    /// assert_eq!(x.rsqrt().sum().backward()[&x].to_vec(), [f64::NEG_INFINITY, -0.0625]);
    /// ```
    pub fn rsqrt(&self) -> Tensor<F> {
        self.sqrt().recip()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("rsqrt", Domain::between(0.3, 2.0), |x| x.rsqrt());
    }

    #[test]
    fn the_edge_of_the_domain() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table = [(0.25, [2.0, -4.0, 24.0]), (0.0, [inf, -inf, inf]), (-1.0, [nan; 3])];
        points::exact(Tensor::rsqrt, Tensor::rsqrt, &table);
    }
}
