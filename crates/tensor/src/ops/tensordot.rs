//! Products of tensors over given axes: of two vectors, of every pair of their elements, and in general.
//!
//! Composed of reshaping and one matrix product, which have the derivatives.

use crate::axes::resolve_axis;
use crate::{Float, Tensor, shape};

impl<F: Float> Tensor<F> {
    /// The sum of products over pairs of axes: the first of `axes` with the first of `other_axes`, and so on. The
    /// result has the remaining axes of this tensor, then those of the other.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::<f32>::zeros(&[2, 3, 4]), Tensor::zeros(&[4, 3, 5]));
    /// assert_eq!(a.tensordot(&b, &[1, 2], &[1, 0]).shape(), [2, 5]);
    /// assert_eq!(a.tensordot(&b, &[-1], &[0]).shape(), [2, 3, 3, 5]);
    /// ```
    ///
    /// # Panics
    /// If the lists differ in length, an axis is out of range or named twice, the sizes of two paired axes differ, or
    /// no tensor can have the shape of the result.
    #[track_caller]
    pub fn tensordot(&self, other: &Tensor<F>, axes: &[isize], other_axes: &[isize]) -> Tensor<F> {
        let name = format!("tensordot of {:?} and {:?}", self.shape(), other.shape());
        assert!(
            axes.len() == other_axes.len(),
            "{name}: {axes:?} and {other_axes:?} must name as many axes, which are paired"
        );
        let (mine, its) = (resolved(axes, self.ndim()), resolved(other_axes, other.ndim()));
        for (&a, &b) in mine.iter().zip(&its) {
            let (n, m) = (self.shape()[a], other.shape()[b]);
            assert!(
                n == m,
                "{name}: axis {a} of the first has size {n}, but axis {b} of the second, its partner, has {m}"
            );
        }
        let (kept, its_kept) = (others(&mine, self.ndim()), others(&its, other.ndim()));
        let sizes =
            |x: &Tensor<F>, axes: &[usize]| -> Vec<usize> { axes.iter().map(|&axis| x.shape()[axis]).collect() };
        let (left, right) = (sizes(self, &kept), sizes(other, &its_kept));
        let result = [left.as_slice(), &right].concat();
        if let Err(reason) = shape::check::<F>(&result) {
            panic!("{name}: {reason}");
        }
        let (rows, inner, columns) =
            (left.iter().product(), sizes(self, &mine).iter().product(), right.iter().product());
        let order = |first: &[usize], second: &[usize]| -> Vec<isize> {
            first.iter().chain(second).map(|&axis| axis as isize).collect()
        };
        let a = self.permute(&order(&kept, &mine)).reshape(&[rows, inner]);
        let b = other.permute(&order(&its, &its_kept)).reshape(&[inner, columns]);
        a.matmul(&b).reshape(&result)
    }

    /// The inner product of two vectors, a scalar.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).dot(&Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    ///
    /// # Panics
    /// If an operand is not a vector, or their sizes differ.
    #[doc(alias("inner", "vdot"))]
    #[track_caller]
    pub fn dot(&self, other: &Tensor<F>) -> Tensor<F> {
        assert!(
            self.ndim() == 1 && self.shape() == other.shape(),
            "dot of {:?} and {:?}: needs two vectors of the same size; see `matmul` for matrices",
            self.shape(),
            other.shape()
        );
        self.matmul(other)
    }

    /// The products of every element of one vector with every element of another, a matrix: `[n]` and `[m]` give
    /// `[n, m]`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(a.outer(&b), Tensor::from([[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]));
    /// ```
    ///
    /// # Panics
    /// If an operand is not a vector, or no tensor can have the shape of the result.
    #[doc(alias = "ger")]
    #[track_caller]
    pub fn outer(&self, other: &Tensor<F>) -> Tensor<F> {
        assert!(
            self.ndim() == 1 && other.ndim() == 1,
            "outer of {:?} and {:?}: needs two vectors; see `tensordot` without axes for tensors",
            self.shape(),
            other.shape()
        );
        self.unsqueeze(1) * other
    }
}

/// The axes counted from the front.
#[track_caller]
fn resolved(axes: &[isize], ndim: usize) -> Vec<usize> {
    let mut list: Vec<usize> = Vec::with_capacity(axes.len());
    // A loop: a closure would not inherit `#[track_caller]`.
    for &axis in axes {
        let axis = resolve_axis("tensordot", axis, ndim);
        assert!(!list.contains(&axis), "tensordot: axis {axis} is named twice in {axes:?}");
        list.push(axis);
    }
    list
}

/// The axes that are not in the list.
fn others(list: &[usize], ndim: usize) -> Vec<usize> {
    (0..ndim).filter(|axis| !list.contains(axis)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.0, 1.0);
        let check = |pair: [&[usize]; 2], axes: &[isize], other_axes: &[isize]| {
            sweep::pairs("matmul", &[pair], domain(), domain(), |a, b| a.tensordot(b, axes, other_axes));
        };
        check([&[2, 3], &[3, 2]], &[1], &[0]);
        check([&[2, 3, 2], &[2, 2, 3]], &[1, 0], &[-1, 0]);
        check([&[2, 1], &[3]], &[], &[]);
        check([&[2, 3], &[2, 3]], &[0, 1], &[0, 1]);
        check([&[2, 0], &[0, 3]], &[1], &[0]);
        check([&[0, 2], &[2]], &[1], &[0]);
        sweep::pairs("matmul", &[[&[3], &[3]], [&[0], &[0]]], domain(), domain(), |a, b| a.dot(b));
        sweep::pairs("mul", &[[&[3], &[2]], [&[0], &[2]], [&[2], &[0]]], domain(), domain(), |a, b| a.outer(b));
    }

    #[test]
    fn values_by_hand() {
        let a = Tensor::from([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
        let b = Tensor::from([[1.0, 10.0], [100.0, 1000.0]]);
        // Rows of `a` with rows of `b`, and with its columns.
        assert_eq!(a.tensordot(&b, &[1, 2], &[0, 1]), Tensor::from([4321.0, 8765.0]));
        assert_eq!(a.tensordot(&b, &[1, 2], &[1, 0]), Tensor::from([4231.0, 8675.0]));
        assert_eq!(a.tensordot(&b, &[0], &[1]).shape(), [2, 2, 2]);
        assert_eq!(a.tensordot(&b, &[0], &[1]).select(-1, 0), Tensor::from([[51.0, 62.0], [73.0, 84.0]]));
        let v = Tensor::from([1.0, -1.0]);
        assert_eq!(v.tensordot(&v, &[], &[]), Tensor::from([[1.0, -1.0], [-1.0, 1.0]]));
        assert_eq!(v.tensordot(&Tensor::from(3.0), &[], &[]), Tensor::from([3.0, -3.0]));
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).tensordot(&Tensor::zeros(&[0]), &[1], &[0]), Tensor::zeros(&[2]));
    }

    #[test]
    #[should_panic(
        expected = "tensordot of [2, 3] and [2, 3]: axis 1 of the first has size 3, but axis 0 of the second"
    )]
    fn sizes_that_differ() {
        Tensor::<f32>::zeros(&[2, 3]).tensordot(&Tensor::zeros(&[2, 3]), &[-1], &[0]);
    }

    #[test]
    #[should_panic(expected = "tensordot: axis 0 is named twice in [0, -2]")]
    fn one_axis_twice() {
        Tensor::<f32>::zeros(&[2, 2]).tensordot(&Tensor::zeros(&[2, 2]), &[0, -2], &[0, 1]);
    }

    #[test]
    #[should_panic(expected = "dot of [2] and [3]: needs two vectors of the same size")]
    fn vectors_of_different_sizes() {
        Tensor::<f32>::zeros(&[2]).dot(&Tensor::zeros(&[3]));
    }

    #[test]
    #[should_panic(expected = "outer of [2, 1] and [3]: needs two vectors")]
    fn outer_product_of_a_matrix() {
        Tensor::<f32>::zeros(&[2, 1]).outer(&Tensor::zeros(&[3]));
    }
}
