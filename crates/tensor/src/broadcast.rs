//! NumPy's broadcasting rule, and the one place where it is undone in a gradient.

use crate::{Axes, Float, Tensor, keep, shape};

/// The shape two shapes broadcast to: aligned at their last axes, sizes must be equal or 1.
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let ndim = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(ndim).map_or(1, |i| shape[i]);
    let pair = |axis| match (size(a, axis), size(b, axis)) {
        (n, m) if n == m => Ok(n),
        (1, n) | (n, 1) => Ok(n),
        (n, m) => Err(format!(
            "the sizes {n} and {m} of axis {} (counted from the end) differ and neither is 1; \
             shapes are aligned at their last axes: insert an axis of size 1 with `.unsqueeze(axis)` \
             or reorder axes with `.permute(..)`",
            axis as isize - ndim as isize
        )),
    };
    (0..ndim).map(pair).collect()
}

/// The shape two shapes broadcast to, if a tensor of `T` can have it.
pub(crate) fn joint_shape<T>(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let shape = broadcast_shape(a, b)?;
    shape::check::<T>(&shape)?;
    Ok(shape)
}

/// Whether two shapes of tensors of `T` broadcast; without an allocation when they are equal or one is that of a scalar.
pub(crate) fn check_broadcast<T>(a: &[usize], b: &[usize]) -> Result<(), String> {
    if a == b || a.is_empty() || b.is_empty() { Ok(()) } else { joint_shape::<T>(a, b).map(drop) }
}

impl<F: Float> Tensor<F> {
    /// Sums a gradient down to the shape its argument had before it was broadcast.
    #[inline]
    pub(crate) fn undo_broadcast(self, shape: &[usize], op: impl FnOnce() -> &'static str) -> Tensor<F> {
        if self.shape() == shape { self } else { self.summed_to(shape, op()) }
    }

    fn summed_to(self, shape: &[usize], op: &str) -> Tensor<F> {
        let fits = broadcast_shape(self.shape(), shape).is_ok_and(|joint| joint == self.shape());
        assert!(
            fits,
            "{op}: the derivative rule returned shape {:?}, which an argument of shape {shape:?} cannot have been broadcast to",
            self.shape()
        );
        let leading = self.ndim() - shape.len();
        if self.shape()[leading..] == *shape {
            return self.sum_axis(Axes::first(leading));
        }
        let stretched = |axis: usize| axis < leading || (shape[axis - leading] == 1 && self.shape()[axis] != 1);
        let axes: Vec<isize> = (0..self.ndim()).filter(|&axis| stretched(axis)).map(|axis| axis as isize).collect();
        let sum = self.sum_axis(keep(Axes::from(axes.as_slice())));
        if leading == 0 { sum } else { sum.reshape(shape) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numpys_rule() {
        assert_eq!(broadcast_shape(&[3, 1], &[1, 4]).unwrap(), [3, 4]);
        assert_eq!(broadcast_shape(&[2, 3], &[3]).unwrap(), [2, 3]);
        assert_eq!(broadcast_shape(&[], &[2, 0]).unwrap(), [2, 0]);
        assert_eq!(broadcast_shape(&[1], &[0]).unwrap(), [0]);
        assert!(broadcast_shape(&[2], &[3]).unwrap_err().contains("the sizes 2 and 3 of axis -1"));
        assert!(broadcast_shape(&[0], &[3]).is_err());
    }

    #[test]
    fn a_gradient_is_summed_where_the_argument_was_stretched() {
        let g = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(g.clone().undo_broadcast(&[3], || "test"), Tensor::from([5.0, 7.0, 9.0]));
        assert_eq!(g.clone().undo_broadcast(&[2, 1], || "test"), Tensor::from([[6.0], [15.0]]));
        assert_eq!(g.undo_broadcast(&[], || "test"), Tensor::from(21.0));
    }
}
