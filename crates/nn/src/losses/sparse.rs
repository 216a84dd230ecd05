//! The product with a constant sparse matrix: `y[row] = Σ coefficient·x[column]` over the entries of the row. The
//! derivative is the product with the transpose.
//!
//! A primitive because a loss by labels needs only one element of each row of log-probabilities, whereas a product with
//! one-hot rows would read, multiply and store all of them.

use std::sync::Arc;

use downhill_tensor::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};
use ndarray::ArrayD;

use super::share::share_of;

/// An entry of the matrix. `row` is a position in the result and `column` one in the input, both in row-major order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<F> {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) coefficient: F,
}

/// For inspecting the graph: the entries in three columns.
pub(crate) fn attributes<F: Float>(entries: &[Entry<F>]) -> [(&'static str, Attribute); 3] {
    let of = |place: fn(&Entry<F>) -> usize| entries.iter().map(place).collect::<Vec<usize>>().as_slice().into();
    let coefficients: Vec<f64> = entries.iter().map(|entry| entry.coefficient.as_f64()).collect();
    [("rows", of(|entry| entry.row)), ("columns", of(|entry| entry.column)), ("coefficients", coefficients.into())]
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

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("A·x with a sparse matrix A", &[("x", "Aᵀ·dy")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let own = [("shape", self.shape.as_slice().into()), ("transposed", self.transposed.into())];
        own.into_iter().chain(attributes(&self.entries)).collect()
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
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
        ArrayD::from_shape_vec(self.shape.as_slice(), y).expect("as many as the shape has").into()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let transpose =
            SparseProduct { entries: self.entries.clone(), transposed: !self.transposed, shape: x.shape().to_vec() };
        apply(transpose, [dy])
    }
}

/// The product of the matrix with the elements of `x`, in the shape `shape`. All positions must be in bounds.
pub(crate) fn sparse_product<F: Float>(
    entries: impl IntoIterator<Item = Entry<F>>,
    x: &Tensor<F>,
    shape: Vec<usize>,
) -> Tensor<F> {
    apply(SparseProduct { entries: entries.into_iter().collect(), transposed: false, shape }, [x])
}

compiled!(Op<1> SparseProduct<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};

    use super::*;

    #[test]
    fn operations() {
        let entries = [(0, 1, 2.0), (0, 5, -1.0), (2, 0, 0.5), (2, 1, 3.0)].map(|(row, column, coefficient)| Entry {
            row,
            column,
            coefficient,
        });
        let product = |x: &Tensor<f64>| sparse_product(entries, x, vec![3, 1]);
        sweep::shapes("sparse_product", &[&[2, 3], &[6], &[3, 2, 1]], Domain::between(-2.0, 2.0), product);
    }
}
