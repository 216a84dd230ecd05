//! The matrix product `a·b`; the derivatives are `dy·bᵀ` and `aᵀ·dy`.
//!
//! One operation covers all four combinations of plain and transposed operands, because the derivatives of each are
//! among the four.

use crate::kernels::broadcast_shape;
use crate::shape;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

/// The product of matrices or stacks of matrices, each as it is or with its last two axes swapped; the batch axes in
/// front of those broadcast.
struct Matmul {
    transposed: [bool; 2],
}

/// A matrix, or its transpose, without recording a transposition.
#[derive(Clone, Copy)]
pub(super) struct Oriented<'a, F: Float> {
    tensor: &'a Tensor<F>,
    transposed: bool,
}

impl<'a, F: Float> Oriented<'a, F> {
    pub(super) fn plain(tensor: &'a Tensor<F>) -> Self {
        Oriented { tensor, transposed: false }
    }

    pub(super) fn transposed(tensor: &'a Tensor<F>) -> Self {
        Oriented { tensor, transposed: true }
    }

    fn t(self) -> Self {
        Oriented { transposed: !self.transposed, ..self }
    }
}

/// `a·b`, each operand plain or transposed.
#[track_caller]
pub(super) fn matmul_oriented<F: Float>(a: Oriented<'_, F>, b: Oriented<'_, F>) -> Tensor<F> {
    apply(Matmul { transposed: [a.transposed, b.transposed] }, [a.tensor, b.tensor])
}

impl<F: Float> Op<F, 2> for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.transposed {
            [false, false] => Formula::products("a·b", &[("a", "dy·bᵀ"), ("b", "aᵀ·dy")]),
            [true, false] => Formula::products("aᵀ·b", &[("a", "b·dyᵀ"), ("b", "a·dy")]),
            [false, true] => Formula::products("a·bᵀ", &[("a", "dy·b"), ("b", "dyᵀ·a")]),
            [true, true] => Formula::products("aᵀ·bᵀ", &[("a", "bᵀ·dyᵀ"), ("b", "dyᵀ·aᵀ")]),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let [left, right] = self.transposed;
        vec![("transposed_left", left.into()), ("transposed_right", right.into())]
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        let ([a_batch @ .., a_rows, a_columns], [b_batch @ .., b_rows, b_columns]) = (a, b) else {
            return Err("both operands must have at least two axes".into());
        };
        let a_inner = if self.transposed[0] { a_rows } else { a_columns };
        let b_inner = if self.transposed[1] { b_columns } else { b_rows };
        if a_inner != b_inner {
            return Err(format!(
                "shape mismatch: inner dimensions {a_inner} and {b_inner} must be equal (transpose one operand with \
                 `.t()`?)"
            ));
        }
        let rows = if self.transposed[0] { a_columns } else { a_rows };
        let columns = if self.transposed[1] { b_rows } else { b_columns };
        // The common case, without allocating.
        if a_batch.is_empty() && b_batch.is_empty() {
            return shape::check::<F>(&[*rows, *columns]).map(drop);
        }
        let result = [broadcast_shape(a_batch, b_batch)?.as_slice(), &[*rows, *columns]].concat();
        shape::check::<F>(&result).map(drop)
    }

    fn forward(&mut self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        match (a.matrix(), b.matrix()) {
            // Two matrices: a transpose only swaps the strides.
            (Some(a), Some(b)) => {
                let [a, b] = [(a, self.transposed[0]), (b, self.transposed[1])]
                    .map(|(x, transposed)| if transposed { x.transposed() } else { x });
                kernels::matmul2(a, b, None)
            }
            // Stacks of matrices.
            _ => {
                let [a, b] = [(a, self.transposed[0]), (b, self.transposed[1])].map(|(x, transposed)| {
                    let mut x = x.view();
                    if transposed {
                        x.swap_axes(x.ndim() - 2, x.ndim() - 1);
                    }
                    x
                });
                kernels::matmul_batched(&a, &b).into()
            }
        }
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let dy = Oriented::plain(dy);
        let [a, b] = [(a, self.transposed[0]), (b, self.transposed[1])]
            .map(|(tensor, transposed)| Oriented { tensor, transposed });
        // For `y = A·B`, where `A` is `a` or `aᵀ`: `dA = dy·Bᵀ` and `dB = Aᵀ·dy`. A transposed argument gets the
        // transpose.
        match (wrt, self.transposed[wrt]) {
            (0, false) => matmul_oriented(dy, b.t()),
            (0, true) => matmul_oriented(b, dy.t()),
            (_, false) => matmul_oriented(a.t(), dy),
            (_, true) => matmul_oriented(dy.t(), a),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// The matrix product, as in NumPy and PyTorch: matrices `[n, k]·[k, m]` give `[n, m]`; axes in front of those two
    /// are batch axes and broadcast; a vector is a row on the left and a column on the right, and that axis is dropped
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
    /// If the inner dimensions differ, the batch axes do not broadcast, or an operand is a scalar.
    #[doc(alias("mm", "bmm"))]
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<F>) -> Tensor<F> {
        if self.ndim() >= 2 && other.ndim() >= 2 {
            return matmul_oriented(Oriented::plain(self), Oriented::plain(other));
        }
        self.matmul_with_vector(other)
    }

    #[track_caller]
    fn matmul_with_vector(&self, other: &Tensor<F>) -> Tensor<F> {
        // The inner dimensions; a scalar has none.
        let inner = [self.shape().last(), other.shape().get(other.ndim().saturating_sub(2))];
        let [Some(n), Some(m)] = inner else {
            panic!(
                "matmul of {:?} and {:?}: operands must have at least one axis; multiply by a scalar with `*`",
                self.shape(),
                other.shape()
            )
        };
        assert!(
            n == m,
            "matmul of {:?} and {:?}: shape mismatch: inner dimensions {n} and {m} must be equal",
            self.shape(),
            other.shape()
        );
        // Insert the missing axis of a vector, multiply, and drop it from the result.
        let row = if self.ndim() == 1 { self.reshape(&[1, *n]) } else { self.clone() };
        let column = if other.ndim() == 1 { other.reshape(&[*m, 1]) } else { other.clone() };
        let product = matmul_oriented(Oriented::plain(&row), Oriented::plain(&column));
        let mut shape = product.shape().to_vec();
        if other.ndim() == 1 {
            shape.pop();
        }
        if self.ndim() == 1 {
            // The second to last axis of the product, counted before a column was dropped.
            shape.remove(row.ndim().max(column.ndim()) - 2);
        }
        product.reshape(&shape)
    }
}

compiled!(Op<2> Matmul);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    /// Neither operand has elements, but the result would have 2⁷⁰.
    #[test]
    fn a_result_that_is_too_large() {
        let (stack, matrix) = (Tensor::<f32>::zeros(&[1 << 40, 1 << 10, 0]), Tensor::zeros(&[0, 1 << 20]));
        let refused = |a: Tensor<f32>, b: Tensor<f32>| {
            let panic = std::panic::catch_unwind(|| a.matmul(&b)).expect_err("refused");
            let message = panic.downcast::<String>().expect("a message");
            assert!(message.starts_with("matmul of ") && message.contains("too large"), "{message}");
        };
        refused(stack.clone(), matrix.clone());
        refused(matrix.t(), stack.t());
    }

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
        fn oriented(tensor: &Tensor<f64>, transposed: bool) -> Oriented<'_, f64> {
            Oriented { tensor, transposed }
        }
        for [ta, tb] in [[true, false], [false, true], [true, true]] {
            let shape = |[first, second]: [usize; 2], transposed: bool| {
                if transposed { [second, first] } else { [first, second] }
            };
            let pairs =
                [[2, 3, 4], [1, 3, 1], [2, 0, 3], [17, 9, 33]].map(|[m, k, n]| (shape([m, k], ta), shape([k, n], tb)));
            let pairs: Vec<[&[usize]; 2]> = pairs.iter().map(|(a, b)| [a.as_slice(), b.as_slice()]).collect();
            sweep::pairs("matmul", &pairs, domain(), domain(), |a, b| {
                matmul_oriented(oriented(a, ta), oriented(b, tb))
            });
            let stacks: [[&[usize]; 2]; 1] = [[&[3, 2, 2], &[2, 2]]];
            sweep::pairs("matmul", &stacks, domain(), domain(), |a, b| {
                matmul_oriented(oriented(a, ta), oriented(b, tb))
            });
        }
    }
}
