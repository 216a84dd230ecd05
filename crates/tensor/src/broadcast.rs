//! Undoing broadcasting in a gradient. This is the only place that does.

use downhill_kernels::broadcast_shape;

use crate::{Axes, Float, Tensor, keep};

impl<F: Float> Tensor<F> {
    /// Sums a gradient over the broadcast axes, back to the shape of its argument.
    #[inline]
    pub(crate) fn undo_broadcast(self, shape: &[usize], op: impl FnOnce() -> &'static str) -> Tensor<F> {
        if self.shape() == shape { self } else { self.summed_to(shape, op()) }
    }

    fn summed_to(self, shape: &[usize], op: &str) -> Tensor<F> {
        let fits = broadcast_shape(self.shape(), shape).is_ok_and(|joint| joint == self.shape());
        assert!(
            fits,
            "{op}: the derivative rule returned shape {:?}, to which an argument of shape {shape:?} does not broadcast",
            self.shape()
        );
        let leading = self.ndim() - shape.len();
        // Only prepended axes: no reshape needed.
        if self.shape()[leading..] == *shape {
            return self.sum_axis(Axes::first(leading));
        }
        // Prepended axes, and axes stretched from size 1.
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
    fn a_gradient_is_summed_where_the_argument_was_stretched() {
        let g = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(g.clone().undo_broadcast(&[3], || "test"), Tensor::from([5.0, 7.0, 9.0]));
        assert_eq!(g.clone().undo_broadcast(&[2, 1], || "test"), Tensor::from([[6.0], [15.0]]));
        assert_eq!(g.undo_broadcast(&[], || "test"), Tensor::from(21.0));
    }
}
