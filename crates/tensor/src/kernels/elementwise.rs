//! One pass over one or two arrays.

use ndarray::{ArrayD, ArrayViewD, Zip};

use crate::Float;
use crate::broadcast::broadcast_shape;

/// `f` of every element.
pub(crate) fn map<F: Float>(x: &ArrayViewD<'_, F>, f: impl Fn(F) -> F) -> ArrayD<F> {
    x.mapv(f)
}

/// `f` of every pair of elements, with broadcasting; the shapes fit.
pub(crate) fn zip<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>, f: impl Fn(F, F) -> F) -> ArrayD<F> {
    let f = |&a: &F, &b: &F| f(a, b);
    if a.shape() == b.shape() {
        return Zip::from(a).and(b).map_collect(f);
    }
    let shape = broadcast_shape(a.shape(), b.shape()).expect("the operation has checked the shapes");
    let a = a.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    let b = b.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    Zip::from(a).and(b).map_collect(f)
}
