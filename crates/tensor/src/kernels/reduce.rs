//! Sums.

use ndarray::{ArrayD, ArrayViewD, Axis};

use crate::Float;
use crate::axes::AxisSet;

/// The sum over a set of axes.
pub(crate) fn sum<F: Float>(x: &ArrayViewD<'_, F>, axes: AxisSet) -> ArrayD<F> {
    let shape = axes.reduced_shape(x.shape());
    if axes.count(x.shape()) == x.len() && !x.is_empty() {
        return ArrayD::from_elem(shape, x.sum());
    }
    let mut descending = axes.descending().filter(|&axis| axis < x.ndim());
    let mut sum = match descending.next() {
        None => x.to_owned(),
        Some(axis) => x.sum_axis(Axis(axis)),
    };
    for axis in descending {
        sum = sum.sum_axis(Axis(axis));
    }
    sum.into_shape_with_order(shape).expect("the same number of elements")
}
