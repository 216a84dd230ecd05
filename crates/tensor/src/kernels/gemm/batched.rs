//! Products of stacks of matrices.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::matmul2;
use crate::Float;
use crate::broadcast::broadcast_shape;

/// The products of two stacks of matrices whose batch axes broadcast; the shapes fit.
pub(crate) fn matmul_batched<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>) -> ArrayD<F> {
    let ([a_batch @ .., m, k], [b_batch @ .., _, n]) = (a.shape(), b.shape()) else { unreachable!("checked") };
    let batch = broadcast_shape(a_batch, b_batch).expect("the operation has checked the shapes");
    let layers = batch.iter().product();
    // One batch axis to loop over; a copy only where batch axes were stretched.
    let stack = |x: &ArrayViewD<'_, F>, rows: usize, columns: usize| {
        let stretched = x.broadcast([batch.as_slice(), &[rows, columns]].concat()).expect("checked");
        stretched.to_shape([layers, rows, columns]).expect("the same elements").into_owned()
    };
    let (a, b) = (stack(a, *m, *k), stack(b, *k, *n));
    let mut c = Vec::with_capacity(layers * m * n);
    for (a, b) in a.axis_iter(Axis(0)).zip(b.axis_iter(Axis(0))) {
        c.extend_from_slice(matmul2(a.into(), b.into(), None).as_slice().expect("row-major"));
    }
    ArrayD::from_shape_vec([batch.as_slice(), &[*m, *n]].concat(), c).expect("layers of m rows of n elements")
}
