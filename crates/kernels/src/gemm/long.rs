//! Products with a long inner dimension, where the rounding error of adding block after block would grow too large.

use super::{Matrix, matmul2};
use crate::{Elements, Float};

/// Up to this inner dimension, a product is computed in one pass.
pub(super) const LONG: usize = 1 << 12;

/// Where an inner dimension that is longer than [`LONG`] is split: at a multiple of it.
pub(super) fn middle(k: usize) -> usize {
    k.div_ceil(2 * LONG) * LONG
}

/// The sum of the products over the two halves of the inner dimension, which is longer than [`LONG`]. The halves are
/// split again (pairwise summation), so that the rounding error grows with the logarithm of the length. The split is at a
/// multiple of `LONG`, whatever the number of threads.
#[track_caller]
pub(super) fn in_halves<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, start: Option<&[F]>) -> Elements<F> {
    let middle = middle(a.columns);
    let (left, right) = a.split_columns(middle);
    let (upper, lower) = b.transposed().split_columns(middle);
    let mut sum = matmul2(left, upper.transposed(), start);
    let rest = matmul2(right, lower.transposed(), None);
    sum.slice_mut().iter_mut().zip(rest.as_slice().expect("row-major")).for_each(|(sum, &x)| *sum += x);
    sum
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// Integers, so that any order of summation is exact; `Σ p² = (k - 1)·k·(2k - 1) / 6`.
    #[test]
    fn lengths_around_the_halves() {
        for k in [LONG - 1, LONG, LONG + 1, 2 * LONG, 2 * LONG + 1, 3 * LONG, 5 * LONG + 7] {
            let (a, b) = (
                Array2::from_shape_fn((2, k), |(i, p)| (p + i) as f64),
                Array2::from_shape_fn((k, 3), |(p, _)| p as f64),
            );
            let product = matmul2(a.view().into(), b.view().into(), Some(&[1.0, 2.0, 3.0]));
            let (squares, sum) = ((k - 1) * k * (2 * k - 1) / 6, k * (k - 1) / 2);
            let expected =
                [squares + 1, squares + 2, squares + 3, squares + sum + 1, squares + sum + 2, squares + sum + 3];
            assert_eq!(product.as_slice().unwrap(), expected.map(|x| x as f64), "{k}");
        }
    }
}
