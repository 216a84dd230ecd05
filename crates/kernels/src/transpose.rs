//! Copying a gradient that is not row-major into row-major order.

use crate::Float;
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, Ix2, Slice};

/// The elements in row-major order, copied into `scratch`.
pub fn row_major<'s, F: Float>(array: &ArrayViewD<'_, F>, scratch: &'s mut Vec<F>) -> &'s [F] {
    scratch.resize(array.len(), F::zero());
    let mut copy = ArrayViewMutD::from_shape(array.shape(), scratch).expect("as many elements as the array");
    match array.view().into_dimensionality::<Ix2>() {
        // In tiles: one side is always accessed with a large stride, and a tile of both fits in the L1 cache.
        Ok(matrix) => {
            const TILE: usize = 32;
            let mut copy = copy.into_dimensionality::<Ix2>().expect("of the same shape");
            for (rows, mut band) in matrix.axis_chunks_iter(Axis(0), TILE).zip(copy.axis_chunks_iter_mut(Axis(0), TILE))
            {
                for start in (0..matrix.ncols()).step_by(TILE) {
                    let columns = Slice::from(start..(start + TILE).min(matrix.ncols()));
                    band.slice_axis_mut(Axis(1), columns).assign(&rows.slice_axis(Axis(1), columns));
                }
            }
        }
        Err(_) => copy.assign(array),
    }
    scratch
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::*;

    #[test]
    fn any_layout_becomes_row_major() {
        let mut scratch = Vec::new();
        for shape in [vec![], vec![5], vec![70, 33], vec![33, 70], vec![1, 40], vec![3, 4, 5], vec![0, 3]] {
            let mut next = 0.0;
            let array = ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
                next += 1.0_f64;
                next
            });
            for view in [array.view(), array.t(), array.t().as_standard_layout().t()] {
                let expected: Vec<f64> = view.iter().copied().collect();
                assert_eq!(row_major(&view, &mut scratch), expected, "{shape:?}");
            }
        }
    }
}
