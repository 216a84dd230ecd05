//! Batched matrix products.

use ndarray::{Array3, ArrayD, ArrayViewD, Axis};

use super::matmul2;
use crate::Float;
use crate::broadcast::broadcast_shape;
use crate::{ask, room};

/// The matrix products of two stacks `[.., m, k]` and `[.., k, n]`, whose batch axes broadcast. The caller has checked
/// the shapes.
///
/// # Panics
/// If the allocation of the result, or of an operand broadcast to all batches, fails.
#[track_caller]
pub fn matmul_batched<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>) -> ArrayD<F> {
    let ([a_batch @ .., m, k], [b_batch @ .., _, n]) = (a.shape(), b.shape()) else { unreachable!("checked") };
    let batch = broadcast_shape(a_batch, b_batch).expect("the operation has checked the shapes");
    let shape = [batch.as_slice(), &[*m, *n]].concat();
    let mut c = room(&shape);
    if shape.contains(&0) {
        // There may be any number of empty matrices: no loop over them.
        return ArrayD::from_shape_vec(shape, c).expect("no elements");
    }
    let (a, b) = (stack(a, &batch, [*m, *k]), stack(b, &batch, [*k, *n]));
    for (a, b) in a.axis_iter(Axis(0)).zip(b.axis_iter(Axis(0))) {
        c.extend_from_slice(matmul2(a.into(), b.into(), None).as_slice().expect("row-major"));
    }
    ArrayD::from_shape_vec(shape, c).expect("m·n elements per matrix")
}

/// A stack of at least one matrix, broadcast to all batches, with one batch axis to loop over. A copy only if batch
/// axes are broadcast.
#[track_caller]
fn stack<F: Float>(x: &ArrayViewD<'_, F>, batch: &[usize], [rows, columns]: [usize; 2]) -> Array3<F> {
    let shape = [batch, &[rows, columns]].concat();
    ask::<F>(&shape);
    let stretched = x.broadcast(shape).expect("checked");
    let layers = batch.iter().product();
    stretched.to_shape([layers, rows, columns]).expect("the same elements").into_owned()
}
