//! The product over axes: a tree of multiplications, so that derivatives of any order are products of the other
//! elements, exact even where elements are 0.

use ndarray::Dimension;

use crate::{Axes, Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The product of all elements, a scalar; 1 if there are none.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([2.0, 0.0, 3.0]);
    /// assert_eq!(x.prod().item(), 0.0);
    /// assert_eq!(x.prod().backward()[&x], Tensor::from([0.0, 6.0, 0.0]));
    /// ```
    pub fn prod(&self) -> Tensor<F> {
        self.prod_axis(..)
    }

    /// The product over some [`Axes`].
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.prod_axis(0), Tensor::from([3.0, 8.0]));
    /// assert_eq!(x.prod_axis(keep(1)), Tensor::from([[2.0], [12.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn prod_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into().resolve("prod", self.ndim());
        let shape = axes.reduced_shape(self.shape());
        let mut length = axes.count(self.shape());
        if length == 0 {
            // 1 plus the empty sum, so that the result is recorded as a function of `self`.
            return self.sum_axis(..).broadcast_to(shape.slice()) + F::one();
        }
        // Factors along the first axis, so that each half of them is contiguous.
        let (factors, kept): (Vec<isize>, Vec<isize>) =
            (0..self.ndim() as isize).partition(|&axis| axes.contains(axis as usize));
        let mut product = self.permute(&[factors, kept].concat()).reshape(&[length, shape.size()]);
        let mut left_over: Option<Tensor<F>> = None;
        // Multiply the two halves elementwise until one factor is left. An odd factor is set aside and joins at the
        // end.
        while length > 1 {
            if length % 2 == 1 {
                let last = product.narrow(0, length - 1, 1);
                left_over = Some(left_over.map_or(last.clone(), |other| other * last));
            }
            length /= 2;
            product = product.narrow(0, 0, length) * product.narrow(0, length, length);
        }
        left_over.map_or(product.clone(), |other| product * other).reshape(shape.slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, hessian, keep};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[], &[1], &[0], &[5], &[2, 3], &[2, 1, 3], &[7], &[2, 0]];
        sweep::shapes("prod", &some, domain(), |x| x.prod());
        sweep::shapes("prod", &[&[3], &[2, 3], &[0, 3], &[2, 0], &[2, 1, 3]], domain(), |x| x.prod_axis(-1));
        sweep::shapes("prod", &[&[2, 3, 2], &[2, 0, 1], &[0, 3, 2]], domain(), |x| x.prod_axis(keep([0, 2])));
        sweep::shapes("prod", &[&[2, 3, 2]], domain(), |x| x.prod_axis(1));
    }

    #[test]
    fn zeros() {
        let x = Tensor::param([0.0, 2.0, 0.0]);
        assert_eq!(x.prod().backward()[&x], Tensor::from([0.0, 0.0, 0.0]));
        let expected = [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
        assert_eq!(hessian(&x.prod(), &x), Tensor::from(expected));
        let x = Tensor::param([[2.0, 0.0, 3.0], [0.0, 2.0, 0.0]]);
        assert_eq!(x.prod_axis(1).sum().backward()[&x], Tensor::from([[0.0, 6.0, 0.0], [0.0, 0.0, 0.0]]));
    }

    /// The product of `n` copies of `a` is `aⁿ`, and its derivatives with respect to `a` are those of the power.
    #[test]
    fn to_the_third_order() {
        for n in 1..=9 {
            let a = Tensor::param(1.5);
            let [first] = grad(&a.broadcast_to(&[n]).prod(), [&a]);
            let [second] = grad(&(&first + &a * 0.0), [&a]);
            let [third] = grad(&(&second + &a * 0.0), [&a]);
            let falling = |k: usize| (0..k).map(|i| n as f64 - i as f64).product::<f64>();
            for (k, y) in [(1, first), (2, second), (3, third)] {
                let expected = falling(k) * 1.5_f64.powi(n as i32 - k as i32);
                assert!((y.item() - expected).abs() <= 1e-13 * expected.abs(), "n = {n}, order {k}");
            }
        }
    }

    #[test]
    fn of_nothing() {
        let x = Tensor::param(Tensor::<f64>::zeros(&[0, 3]));
        assert_eq!(x.prod_axis(0), Tensor::ones(&[3]));
        assert_eq!(x.prod_axis(1).shape(), [0]);
        assert_eq!(x.prod().backward()[&x].shape(), [0, 3]);
    }
}
