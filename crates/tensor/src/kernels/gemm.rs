//! The one door to matrix multiplication.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, Axis};

use crate::Float;
use crate::broadcast::broadcast_shape;

/// `a·b` in row-major order, for any strides.
pub(crate) fn matmul2<F: Float>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>) -> Array2<F> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(F::one(), &a, &b, F::zero(), &mut c);
    c
}

/// The product of two stacks of matrices whose batch axes broadcast; the shapes fit.
pub(crate) fn matmul_batched<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>) -> ArrayD<F> {
    let ([a_batch @ .., n, k], [b_batch @ .., _, m]) = (a.shape(), b.shape()) else { unreachable!("checked") };
    let batch = broadcast_shape(a_batch, b_batch).expect("the operation has checked the shapes");
    let stretch = |x: &ArrayViewD<'_, F>, rows: usize, columns: usize| {
        let shape = [batch.as_slice(), &[rows, columns]].concat();
        // One batch axis to loop over; a copy only where batch axes were stretched.
        let stacked = [batch.iter().product(), rows, columns];
        x.broadcast(shape).expect("checked").to_shape(stacked).expect("the same elements").into_owned()
    };
    let (a, b) = (stretch(a, *n, *k), stretch(b, *k, *m));
    let mut c = ArrayD::zeros([batch.as_slice(), &[*n, *m]].concat());
    let stacked = [batch.iter().product::<usize>(), *n, *m];
    let mut layers = c.view_mut().into_shape_with_order(stacked).expect("row-major");
    for ((a, b), mut c) in a.outer_iter().zip(b.outer_iter()).zip(layers.axis_iter_mut(Axis(0))) {
        general_mat_mul(F::one(), &a, &b, F::zero(), &mut c);
    }
    c
}
