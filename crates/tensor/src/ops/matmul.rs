//! The matrix product `a·b`; the derivatives are `dy·bᵀ` and `aᵀ·dy`.

use ndarray::{ArrayD, ArrayViewD};

use crate::broadcast::broadcast_shape;
use crate::{Elements, Float, Op, Tensor, apply, kernels};

/// On matrices and stacks of matrices; the axes before the last two broadcast.
struct Matmul;

impl<F: Float> Op<F, 2> for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        let ([a_batch @ .., _, a_inner], [b_batch @ .., b_inner, _]) = (a, b) else {
            return Err("needs matrices".into());
        };
        if a_inner != b_inner {
            return Err(format!(
                "the inner sizes {a_inner} and {b_inner} differ; the last axis of the first must be as long as the \
                 last but one of the second (transpose one with `.t()`?)"
            ));
        }
        broadcast_shape(a_batch, b_batch).map(drop)
    }

    fn forward(&self, [a, b]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::matmul_batched(&a, &b)
    }

    fn forward_shared(&self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        match (a.matrix(), b.matrix()) {
            (Some(a), Some(b)) => kernels::matmul2(a, b, None),
            _ => self.forward([a.view(), b.view()]).into(),
        }
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy.matmul(&b.t()),
            _ => a.t().matmul(dy),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// The matrix product. As in NumPy and PyTorch: matrices `[n, k]·[k, m]` give `[n, m]`; axes in front of those two
    /// are a batch and broadcast; a vector on the left is a row, on the right a column, and that axis is dropped
    /// from the result.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let v = Tensor::from([1.0, -1.0]);
    /// assert_eq!(a.matmul(&a), Tensor::from([[7.0, 10.0], [15.0, 22.0]]));
    /// assert_eq!(a.matmul(&v), Tensor::from([-1.0, -1.0]));
    /// assert_eq!(v.matmul(&v).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If the inner sizes differ, the batches do not broadcast, or an operand is a scalar.
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<F>) -> Tensor<F> {
        if self.ndim() >= 2 && other.ndim() >= 2 {
            return apply(Matmul, [self, other]);
        }
        self.matmul_with_vector(other)
    }

    #[track_caller]
    fn matmul_with_vector(&self, other: &Tensor<F>) -> Tensor<F> {
        let inner = [self.shape().last(), other.shape().get(other.ndim().saturating_sub(2))];
        let [Some(n), Some(m)] = inner else {
            panic!(
                "matmul of {:?} and {:?}: a scalar has no axis to multiply along; use `*`",
                self.shape(),
                other.shape()
            )
        };
        assert!(n == m, "matmul of {:?} and {:?}: the inner sizes {n} and {m} differ", self.shape(), other.shape());
        let row = if self.ndim() == 1 { self.reshape(&[1, *n]) } else { self.clone() };
        let column = if other.ndim() == 1 { other.reshape(&[*m, 1]) } else { other.clone() };
        let product = apply(Matmul, [&row, &column]);
        let mut shape = product.shape().to_vec();
        if other.ndim() == 1 {
            shape.pop();
        }
        if self.ndim() == 1 {
            shape.remove(row.ndim().max(column.ndim()) - 2);
        }
        product.reshape(&shape)
    }
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let pairs: [[&[usize]; 2]; 14] = [
            [&[2, 3], &[3, 2]],
            [&[1, 3], &[3, 1]],
            [&[3, 1], &[1, 2]],
            [&[2, 0], &[0, 3]],
            [&[0, 3], &[3, 2]],
            [&[2, 3], &[3, 0]],
            [&[3], &[3]],
            [&[3], &[3, 2]],
            [&[2, 3], &[3]],
            [&[2, 2, 3], &[2, 3, 2]],
            [&[2, 2, 3], &[3, 2]],
            [&[3], &[2, 3, 2]],
            [&[2, 1, 2, 1], &[3, 1, 2]],
            [&[17, 33], &[33, 9]],
        ];
        let domain = || Domain::between(-1.0, 1.0);
        sweep::pairs("matmul", &pairs, domain(), domain(), |a, b| a.matmul(b));
        sweep::shapes("matmul", &[&[2, 2], &[3, 3]], domain(), |x| x.matmul(x));
    }
}
