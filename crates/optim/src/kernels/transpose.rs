//! Gradients whose memory is not in row-major order.

use downhill_tensor::Float;
use ndarray::{ArrayViewD, ArrayViewMutD};

/// The elements in row-major order, copied into `scratch`.
pub(crate) fn row_major<'s, F: Float>(array: &ArrayViewD<'_, F>, scratch: &'s mut Vec<F>) -> &'s [F] {
    scratch.resize(array.len(), F::zero());
    let mut copy = ArrayViewMutD::from_shape(array.shape(), scratch).expect("as many elements as the array");
    copy.assign(array);
    scratch
}
