//! The product with a constant sparse matrix: `y[row] = Σ coefficient·x[column]` over the entries of the row. The
//! derivative is the product with the transpose.
//!
//! A primitive because a loss by labels needs one number of each row of log-probabilities, where a product with one-hot
//! rows would read, multiply and keep all of them.

use std::sync::Arc;

use downhill_tensor::{Float, Op, Tensor, apply};
use ndarray::{ArrayD, ArrayViewD};

use super::share::share_of;

/// An entry of the matrix. `row` is a position in the result, `column` one in the input, both in row-major order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<F> {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) coefficient: F,
}

struct SparseProduct<F> {
    entries: Arc<[Entry<F>]>,
    transposed: bool,
    /// The shape of the result.
    shape: Vec<usize>,
}

impl<F: Float> Op<F, 1> for SparseProduct<F> {
    fn name(&self) -> &'static str {
        "sparse_product"
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        let x = x.as_standard_layout();
        let x = x.as_slice().expect("in row-major order");
        let mut y = vec![F::zero(); self.shape.iter().product()];
        for &Entry { row, column, coefficient } in &*self.entries {
            if self.transposed {
                y[column] += share_of(coefficient, x[row]);
            } else {
                y[row] += share_of(coefficient, x[column]);
            }
        }
        ArrayD::from_shape_vec(self.shape.as_slice(), y).expect("as many as the shape has")
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let transpose =
            SparseProduct { entries: self.entries.clone(), transposed: !self.transposed, shape: x.shape().to_vec() };
        apply(transpose, [dy])
    }
}

/// The product, in the shape `shape`, of the matrix with the elements of `x`. The positions are in bounds.
pub(crate) fn sparse_product<F: Float>(
    entries: impl IntoIterator<Item = Entry<F>>,
    x: &Tensor<F>,
    shape: Vec<usize>,
) -> Tensor<F> {
    apply(SparseProduct { entries: entries.into_iter().collect(), transposed: false, shape }, [x])
}
