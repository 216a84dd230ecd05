//! Views: the same memory with another shape, other strides and another offset.

use ndarray::{Dimension, IxDyn};

use super::Elements;
use crate::shape::checked_size;
use crate::{Float, operation};

impl<F: Float> Elements<F> {
    /// The same elements in another shape: shares the memory if they are in row-major order, otherwise copies.
    ///
    /// # Panics
    /// If the number of elements would change, or the shape is not valid.
    #[track_caller]
    pub fn reshaped(&self, shape: IxDyn) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        assert!(len == self.len, "reshaped: the number of elements must not change");
        Elements { shape, len, ..self.row_major() }
    }

    /// A view with another shape, strides and offset.
    fn with_layout(&self, shape: IxDyn, strides: IxDyn, offset: usize) -> Self {
        // An empty view reads nothing, and its offset may lie past the end of the memory.
        let offset = if shape.slice().contains(&0) { 0 } else { offset };
        let strides = (!is_row_major(shape.slice(), strides.slice())).then(|| Box::new(strides));
        let len = shape.size();
        Elements { memory: self.memory.clone(), offset, shape, len, strides }
    }

    fn strides(&self) -> IxDyn {
        self.strides.as_deref().cloned().unwrap_or_else(|| row_major_strides(&self.shape))
    }

    /// A view with permuted axes: axis `i` of the result is axis `order[i]` of this.
    ///
    /// # Panics
    /// If `order` does not contain every axis exactly once.
    #[track_caller]
    pub fn permuted(&self, order: &[usize]) -> Self {
        let ndim = self.shape.ndim();
        let named = order.iter().filter(|&&axis| axis < ndim).fold(0_u64, |named, axis| named | 1 << axis);
        assert!(
            order.len() == ndim && named.count_ones() as usize == ndim,
            "permuted: {order:?} is not a permutation of {ndim} axes"
        );
        let (old_shape, old_strides) = (&self.shape, self.strides());
        let (mut shape, mut strides) = (old_shape.clone(), old_strides.clone());
        for (to, &from) in order.iter().enumerate() {
            shape[to] = old_shape[from];
            strides[to] = old_strides[from];
        }
        self.with_layout(shape, strides, self.offset)
    }

    /// A view of every `step`-th of the positions `start..end` of an axis.
    ///
    /// # Panics
    /// If the axis or the positions are out of range, or `step` is 0.
    #[track_caller]
    pub fn narrowed(&self, axis: usize, start: usize, end: usize, step: usize) -> Self {
        let size = self.shape().get(axis).copied();
        assert!(
            step > 0 && start <= end && size.is_some_and(|size| end <= size),
            "narrowed: positions {start}..{end} in steps of {step} are out of range for axis {axis} of {:?}",
            self.shape()
        );
        let (mut shape, mut strides) = (self.shape.clone(), self.strides());
        let offset = self.offset + start * strides[axis];
        shape[axis] = (end - start).div_ceil(step);
        if shape[axis] > 1 {
            // The stride of an axis of size 1 is never used, and with a huge step it would overflow.
            strides[axis] *= step;
        }
        self.with_layout(shape, strides, offset)
    }
}

fn row_major_strides(shape: &IxDyn) -> IxDyn {
    let mut strides = shape.clone();
    let mut stride = 1;
    for axis in (0..shape.ndim()).rev() {
        strides[axis] = stride;
        stride *= shape[axis];
    }
    strides
}

/// Whether these strides are row-major; the stride of an axis of size 1 does not matter.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    for (&n, &stride) in shape.iter().zip(strides).rev() {
        if n != 1 && stride != expected {
            return shape.contains(&0);
        }
        expected *= n;
    }
    true
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, Slice};

    use super::super::tests::numbered;
    use super::*;

    #[test]
    fn views_are_those_of_ndarray() {
        for shape in [vec![2, 3, 4], vec![1, 3, 1], vec![2, 0, 3], vec![5, 1, 2]] {
            let array = numbered(&shape);
            let elements = Elements::from(array.clone());
            assert_eq!(elements.permuted(&[2, 0, 1]).view(), array.view().permuted_axes(vec![2, 0, 1]));
            for (start, end, step) in [(0, 1, 1), (0, shape[2], 2), (shape[2] - 1, shape[2], 3), (1, 1, 1)] {
                let narrowed = elements.permuted(&[1, 0, 2]).narrowed(2, start, end, step);
                let mut expected = array.view().permuted_axes(vec![1, 0, 2]);
                expected.slice_axis_inplace(Axis(2), Slice::from(start..end).step_by(step as isize));
                assert_eq!(narrowed.view(), expected);
                assert_eq!(narrowed.as_slice(), expected.as_slice());
                assert_eq!(narrowed.row_major().view(), expected);
                let flat = narrowed.reshaped(IxDyn(&[narrowed.len()]));
                assert_eq!(flat.view().iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
                assert_eq!(narrowed.into_array(), expected);
            }
        }
    }

    /// Offsets add up, strides multiply.
    #[test]
    fn a_view_of_a_view() {
        let array = numbered(&[4, 9]);
        let view = Elements::from(array.clone()).narrowed(1, 2, 9, 2).narrowed(0, 1, 4, 1).narrowed(1, 1, 4, 2);
        assert_eq!(view.view(), array.slice(ndarray::s![1.., 4..;4]).into_dyn());
        let flat = numbered(&[9]);
        let run = Elements::from(flat.clone()).narrowed(0, 2, 9, 1).narrowed(0, 3, 5, 1);
        assert_eq!((run.as_slice(), run.permuted(&[0]).as_slice()), (Some(&[6.0, 7.0][..]), Some(&[6.0, 7.0][..])));
    }

    #[test]
    fn an_empty_view_wherever_it_starts() {
        let elements = Elements::from(numbered(&[4, 5]));
        // After the last row, and there after the last column.
        let nothing = elements.narrowed(0, 4, 4, 1).narrowed(1, 5, 5, 1);
        assert_eq!((nothing.view().shape(), nothing.as_slice()), (&[0, 0][..], Some(&[][..])));
    }

    #[test]
    fn a_step_past_the_end() {
        let elements = Elements::from(numbered(&[4, 5])).narrowed(1, 2, 5, usize::MAX);
        assert_eq!(elements.view().into_iter().collect::<Vec<_>>(), [&3.0, &8.0, &13.0, &18.0]);
    }

    /// In every build profile, [2⁴⁰, 0] may not become [2⁴⁰, 2⁴⁰], and no axis may become longer.
    #[test]
    fn no_view_of_what_is_not_there() {
        use std::panic::catch_unwind;
        let none = Elements::from(ArrayD::<f32>::zeros(vec![1 << 40, 0]));
        let some = Elements::from(numbered(&[4, 5]));
        for order in [&[0, 0][..], &[0], &[0, 1, 1], &[0, 2], &[usize::MAX, 0]] {
            assert!(catch_unwind(|| none.permuted(order)).is_err() && catch_unwind(|| some.permuted(order)).is_err());
        }
        for (axis, start, end, step) in
            [(1, 0, 6, 1), (1, 0, usize::MAX, 1), (1, 3, 2, 1), (1, usize::MAX, 5, 1), (1, 0, 5, 0), (2, 0, 0, 1)]
        {
            assert!(catch_unwind(|| some.narrowed(axis, start, end, step)).is_err(), "{axis} {start} {end} {step}");
        }
    }
}
