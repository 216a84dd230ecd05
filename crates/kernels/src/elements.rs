//! The elements of a tensor: a shape over memory that several tensors may share.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Dimension, IxDyn, ShapeBuilder};

use crate::copied::copied;
use crate::gemm::Matrix;
use crate::memory::Memory;
use crate::shape::checked_size;
use crate::{Float, elementwise, operation};

/// The elements of a tensor: a shape over memory that is shared by clones and by different views of it, and copied
/// when one of several owners changes it.
///
/// An `ArcArray` would do; on a tensor of four elements it costs more than everything else together. Here the usual
/// case, row-major, needs no strides and its elements are a slice at once.
///
/// A shape has at most [`MAX_AXES`](crate::MAX_AXES) axes, and its sizes, those of 0 aside, multiply to at most `isize::MAX`
/// bytes, so that no product of sizes overflows.
#[derive(Clone)]
pub struct Elements<F: Float> {
    memory: Memory<F>,
    /// Where the first element is.
    offset: usize,
    shape: IxDyn,
    /// The product of the shape, which has been checked once and is asked for in every pass.
    len: usize,
    /// `None` if row-major; never negative.
    strides: Option<Box<IxDyn>>,
}

impl<F: Float> Elements<F> {
    /// Elements in row-major order.
    ///
    /// # Panics
    /// If they are not as many as the shape has, or there is no such shape.
    #[track_caller]
    pub fn new(shape: IxDyn, elements: Vec<F>) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        assert!(elements.len() == len, "an element for each place");
        Elements { memory: elements.into(), offset: 0, shape, len, strides: None }
    }

    /// The first elements of the memory, in row-major order.
    ///
    /// # Panics
    /// If they are fewer than the shape has, or there is no such shape.
    #[inline]
    #[track_caller]
    pub(crate) fn of_memory(shape: IxDyn, memory: Memory<F>) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        Elements::assembled(shape, len, memory)
    }

    /// [`of_memory`](Self::of_memory) for a shape that has been checked already and has `len` elements: for what is done in
    /// every operation, where a second look costs as much as adding four numbers. A wrong `len` would be a wrong number,
    /// but nothing is read outside of the memory: views and kernels look at its length.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn assembled(shape: IxDyn, len: usize, memory: Memory<F>) -> Self {
        assert!(len <= memory.as_slice().len(), "an element for each place");
        Elements { memory, offset: 0, shape, len, strides: None }
    }

    /// The elements that `fill` appends to a vector, in row-major order: in memory that is aligned, and used again.
    ///
    /// # Panics
    /// If `fill` appends more or fewer than the shape has, there is no such shape, or the system does not give so much memory.
    #[track_caller]
    pub fn appended(shape: &[usize], fill: impl FnOnce(&mut Vec<F>)) -> Self {
        Elements::of_memory(IxDyn(shape), Memory::appended_by(shape, fill))
    }

    /// As many times `value` as the shape has elements.
    ///
    /// # Panics
    /// If there is no such shape, or the system does not give so much memory.
    #[track_caller]
    pub fn full(shape: IxDyn, value: F) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        let memory = Memory::filled(len, shape.slice(), value);
        Elements::assembled(shape, len, memory)
    }

    /// A function of every element.
    #[inline]
    #[must_use]
    pub fn map(&self, f: impl Fn(F) -> F) -> Self {
        elementwise::map(self, f)
    }

    /// A single element without axes.
    pub fn scalar(value: F) -> Self {
        Elements::full(IxDyn(&[]), value)
    }

    /// The size of every axis.
    pub fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    /// The shape as `ndarray` keeps it.
    pub fn dim(&self) -> &IxDyn {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, if they are in row-major order.
    pub fn as_slice(&self) -> Option<&[F]> {
        match self.strides {
            None => Some(&self.memory.as_slice()[self.offset..self.offset + self.len()]),
            Some(_) => None,
        }
    }

    /// The elements to be changed, if they are in row-major order and nobody else holds them.
    pub fn as_slice_mut(&mut self) -> Option<&mut [F]> {
        let range = self.offset..self.offset + self.len();
        if self.strides.is_some() {
            return None;
        }
        self.memory.get_mut().map(|memory| &mut memory[range])
    }

    /// The elements as a matrix, if there are two axes.
    #[inline]
    pub fn matrix(&self) -> Option<Matrix<'_, F>> {
        let &[rows, columns] = self.shape() else { return None };
        let steps = self.strides.as_ref().map_or([columns, 1], |strides| [strides[0], strides[1]]);
        Some(Matrix::new(&self.memory.as_slice()[self.offset..], [rows, columns], steps))
    }

    /// The elements as an array.
    pub fn view(&self) -> ArrayViewD<'_, F> {
        let memory = &self.memory.as_slice()[self.offset..];
        let view = match &self.strides {
            None => ArrayViewD::from_shape(self.shape.clone(), memory),
            Some(strides) => ArrayViewD::from_shape(self.shape.clone().strides((**strides).clone()), memory),
        };
        view.expect("the shape and the strides stay inside the memory")
    }

    /// The elements to be changed, copied before if they are shared, in row-major order.
    #[track_caller]
    pub fn slice_mut(&mut self) -> &mut [F] {
        if self.as_slice_mut().is_none() {
            *self = copied(self.view());
        }
        self.as_slice_mut().expect("row-major, and nobody else holds it")
    }

    /// [`slice_mut`](Self::slice_mut) as an array.
    #[track_caller]
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, F> {
        let shape = self.shape.clone();
        ArrayViewMutD::from_shape(shape, self.slice_mut()).expect("row-major")
    }

    /// The same elements in row-major order: themselves if they are, else a copy.
    #[track_caller]
    pub fn row_major(&self) -> Self {
        match self.strides {
            None => self.clone(),
            Some(_) => copied(self.view()),
        }
    }

    /// The elements as an owned array, without a copy if nobody else holds them.
    pub fn into_array(self) -> ArrayD<F> {
        if self.strides.is_none() && self.offset == 0 {
            let elements = self.memory.into_vec(self.len);
            return ArrayD::from_shape_vec(self.shape, elements).expect("row-major");
        }
        self.view().to_owned()
    }

    /// The same elements, copied unless the first begins a line of the cache: for what is read in every step.
    #[track_caller]
    pub fn aligned(self) -> Self {
        match self.as_slice() {
            Some(elements) if !Memory::is_aligned(elements) => {
                let copy = Memory::appended_by(&[elements.len()], |copy| copy.extend_from_slice(elements));
                Elements::of_memory(self.shape, copy)
            }
            _ => self,
        }
    }

    /// The same memory in another shape of as many elements; a copy if it is not in row-major order.
    ///
    /// # Panics
    /// If it has more or fewer, or there is no such shape.
    #[track_caller]
    pub fn reshaped(&self, shape: IxDyn) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        assert!(len == self.len, "as many elements as before");
        Elements { shape, len, ..self.row_major() }
    }

    /// The same memory with another shape, strides and offset.
    fn looked_at(&self, shape: IxDyn, strides: IxDyn, offset: usize) -> Self {
        // Without elements nothing is looked at, and the offset may lie behind the memory.
        let offset = if shape.slice().contains(&0) { 0 } else { offset };
        let strides = (!is_row_major(shape.slice(), strides.slice())).then(|| Box::new(strides));
        let len = shape.size();
        Elements { memory: self.memory.clone(), offset, shape, len, strides }
    }

    fn strides(&self) -> IxDyn {
        self.strides.as_deref().cloned().unwrap_or_else(|| row_major_strides(&self.shape))
    }

    /// Shares the memory; axis `i` of the result is axis `order[i]`.
    ///
    /// # Panics
    /// If `order` does not name every axis once.
    #[track_caller]
    pub fn permuted(&self, order: &[usize]) -> Self {
        let ndim = self.shape.ndim();
        let named = order.iter().filter(|&&axis| axis < ndim).fold(0_u64, |named, axis| named | 1 << axis);
        assert!(
            order.len() == ndim && named.count_ones() as usize == ndim,
            "permuted: {order:?} does not name each of {ndim} axes once"
        );
        let (old_shape, old_strides) = (&self.shape, self.strides());
        let (mut shape, mut strides) = (old_shape.clone(), old_strides.clone());
        for (to, &from) in order.iter().enumerate() {
            shape[to] = old_shape[from];
            strides[to] = old_strides[from];
        }
        self.looked_at(shape, strides, self.offset)
    }

    /// Shares the memory; every `step`-th of the positions `start..end` of an axis.
    ///
    /// # Panics
    /// If there is no such axis, it does not have these positions, or `step` is 0.
    #[track_caller]
    pub fn narrowed(&self, axis: usize, start: usize, end: usize, step: usize) -> Self {
        let size = self.shape().get(axis).copied();
        assert!(
            step > 0 && start <= end && size.is_some_and(|size| end <= size),
            "narrowed: axis {axis} of {:?} has no positions {start}..{end} in steps of {step}",
            self.shape()
        );
        let (mut shape, mut strides) = (self.shape.clone(), self.strides());
        let offset = self.offset + start * strides[axis];
        shape[axis] = (end - start).div_ceil(step);
        if shape[axis] > 1 {
            // A single position has no distance to the next, and a huge step would overflow.
            strides[axis] *= step;
        }
        self.looked_at(shape, strides, offset)
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

/// The strides of axes with one position say nothing.
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

/// Without a copy, unless an axis runs backwards or stays in place.
impl<F: Float> From<ArrayD<F>> for Elements<F> {
    /// # Panics
    /// If the array has more than [`MAX_AXES`](crate::MAX_AXES) axes, or no elements and sizes that multiply, those of 0
    /// aside, to more than `isize::MAX` bytes.
    #[track_caller]
    fn from(array: ArrayD<F>) -> Self {
        let len = checked_size::<F>(operation::name(), array.shape());
        if array.is_standard_layout() {
            let shape = array.raw_dim();
            let (memory, offset) = array.into_raw_vec_and_offset();
            return Elements { memory: memory.into(), offset: offset.unwrap_or(0), shape, len, strides: None };
        }
        if array.strides().iter().any(|&stride| stride <= 0) {
            return copied(array.view());
        }
        let strides: Vec<usize> = array.strides().iter().map(|&stride| stride as usize).collect();
        let shape = array.raw_dim();
        let (memory, offset) = array.into_raw_vec_and_offset();
        let strides = Some(Box::new(IxDyn(&strides)));
        Elements { memory: memory.into(), offset: offset.unwrap_or(0), shape, len, strides }
    }
}

impl<F: Float> PartialEq for Elements<F> {
    fn eq(&self, other: &Self) -> bool {
        match (self.as_slice(), other.as_slice()) {
            (Some(a), Some(b)) => self.shape() == other.shape() && a == b,
            _ => self.view() == other.view(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, Slice};

    use super::*;

    fn counting(shape: &[usize]) -> ArrayD<f64> {
        let mut next = 0.0;
        ArrayD::from_shape_simple_fn(shape, || {
            next += 1.0;
            next
        })
    }

    #[test]
    fn looks_as_ndarray_looks() {
        for shape in [vec![2, 3, 4], vec![1, 3, 1], vec![2, 0, 3], vec![5, 1, 2]] {
            let array = counting(&shape);
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

    #[test]
    fn nothing_is_looked_at_wherever_it_begins() {
        let elements = Elements::from(counting(&[4, 5]));
        // Behind the last row, and there behind the last column.
        let nothing = elements.narrowed(0, 4, 4, 1).narrowed(1, 5, 5, 1);
        assert_eq!((nothing.view().shape(), nothing.as_slice()), (&[0, 0][..], Some(&[][..])));
    }

    #[test]
    fn a_step_past_the_end() {
        let elements = Elements::from(counting(&[4, 5])).narrowed(1, 2, 5, usize::MAX);
        assert_eq!(elements.view().into_iter().collect::<Vec<_>>(), [&3.0, &8.0, &13.0, &18.0]);
    }

    /// In every build profile: [2⁴⁰, 0] may not become [2⁴⁰, 2⁴⁰], nor an axis longer than it is.
    #[test]
    fn no_view_of_what_is_not_there() {
        use std::panic::catch_unwind;
        let none = Elements::from(ArrayD::<f32>::zeros(vec![1 << 40, 0]));
        let some = Elements::from(counting(&[4, 5]));
        for order in [&[0, 0][..], &[0], &[0, 1, 1], &[0, 2], &[usize::MAX, 0]] {
            assert!(catch_unwind(|| none.permuted(order)).is_err() && catch_unwind(|| some.permuted(order)).is_err());
        }
        for (axis, start, end, step) in
            [(1, 0, 6, 1), (1, 0, usize::MAX, 1), (1, 3, 2, 1), (1, usize::MAX, 5, 1), (1, 0, 5, 0), (2, 0, 0, 1)]
        {
            assert!(catch_unwind(|| some.narrowed(axis, start, end, step)).is_err(), "{axis} {start} {end} {step}");
        }
    }

    /// In every build profile: the elements that a shape promises are there.
    #[test]
    fn no_shape_without_its_elements() {
        use std::panic::catch_unwind;
        let shape = [3, 12297829382473034432];
        assert!(catch_unwind(|| Elements::new(IxDyn(&shape), vec![0.0_f32; 64])).is_err());
        assert!(catch_unwind(|| Elements::new(IxDyn(&[3]), vec![0.0_f32; 4])).is_err());
        let memory = || Memory::full(&[64], 0.0_f32);
        assert!(catch_unwind(|| Elements::of_memory(IxDyn(&shape), memory())).is_err());
        assert!(catch_unwind(|| Elements::of_memory(IxDyn(&[65]), memory())).is_err());
        let elements = Elements::of_memory(IxDyn(&[64]), memory());
        assert!(catch_unwind(|| elements.reshaped(IxDyn(&shape))).is_err());
        assert!(catch_unwind(|| elements.reshaped(IxDyn(&[65]))).is_err());
        assert!(catch_unwind(|| elements.reshaped(IxDyn(&[63]))).is_err());
        assert!(catch_unwind(|| Elements::<f32>::full(IxDyn(&shape), 0.0)).is_err());
        assert!(catch_unwind(|| Elements::from(ArrayD::<f32>::zeros(vec![1; 65]))).is_err());
    }

    #[test]
    fn any_layout_of_an_array_comes_in() {
        let array = counting(&[4, 6]);
        let mut gapped = array.clone();
        gapped.slice_axis_inplace(Axis(1), Slice::from(1..).step_by(2));
        let mut backwards = array.clone();
        backwards.invert_axis(Axis(0));
        for array in [array.clone(), array.clone().reversed_axes(), gapped, backwards] {
            assert_eq!(Elements::from(array.clone()).view(), array);
        }
    }

    /// Wherever it begins, and however much memory is behind it.
    #[test]
    fn an_empty_part_of_an_array_comes_in() {
        for length in [3, 300] {
            for start in [0, 1, length] {
                let mut part = counting(&[length]);
                part.slice_axis_inplace(Axis(0), Slice::from(start..start));
                let elements = Elements::from(part.clone());
                assert_eq!((elements.view(), elements.len()), (part.view(), 0));
                assert_eq!(elements.as_slice(), Some(&[][..]));
            }
        }
    }

    #[test]
    fn a_change_copies_shared_memory_once() {
        let mut elements = Elements::from(counting(&[2, 2]));
        let other = elements.permuted(&[1, 0]);
        elements.view_mut()[[0, 1]] = 9.0;
        assert_eq!(other.view()[[1, 0]], 2.0);
        let address = elements.view().as_ptr();
        elements.view_mut()[[1, 1]] = 8.0;
        assert_eq!((elements.view().as_ptr(), elements.view()[[0, 1]]), (address, 9.0));
    }
}
