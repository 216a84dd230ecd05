//! The elements of a tensor: a shape over memory that several tensors may share.

mod views;

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Dimension, IxDyn, ShapeBuilder};

use crate::copied::copied;
use crate::gemm::Matrix;
use crate::memory::Memory;
use crate::shape::checked_size;
use crate::{Float, elementwise, operation};

/// The elements of a tensor: a shape over memory that clones and views share, and that is copied on write while it is
/// shared.
///
/// `ArcArray` would do, but on a tensor of four elements it costs more than everything else together. Here the usual
/// layout, row-major, needs no strides, and its elements are a slice directly.
///
/// A shape has at most [`MAX_AXES`](crate::MAX_AXES) axes, and the product of its nonzero sizes is at most `isize::MAX`
/// bytes, so that no product of sizes overflows.
#[derive(Clone)]
pub struct Elements<F: Float> {
    memory: Memory<F>,
    /// The index of the first element in the memory.
    offset: usize,
    shape: IxDyn,
    /// The number of elements: the product of the shape, computed and checked once.
    len: usize,
    /// `None` if row-major; never negative.
    strides: Option<Box<IxDyn>>,
}

impl<F: Float> Elements<F> {
    /// Elements in row-major order.
    ///
    /// # Panics
    /// If their number is not that of the shape, or the shape is not valid.
    #[track_caller]
    pub fn new(shape: IxDyn, elements: Vec<F>) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        assert!(elements.len() == len, "Elements::new: the vector must have as many elements as the shape");
        Elements { memory: elements.into(), offset: 0, shape, len, strides: None }
    }

    /// The first elements of the memory, in row-major order.
    ///
    /// # Panics
    /// If there are fewer than the shape needs, or the shape is not valid.
    #[inline]
    #[track_caller]
    pub(crate) fn of_memory(shape: IxDyn, memory: Memory<F>) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        Elements::assembled(shape, len, memory)
    }

    /// [`of_memory`](Self::of_memory) for a shape that has already been checked and has `len` elements. Every operation
    /// calls this, and checking again would cost as much as adding four elements. A wrong `len` would give wrong
    /// results, but nothing is read outside the memory: views and kernels check its length.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn assembled(shape: IxDyn, len: usize, memory: Memory<F>) -> Self {
        assert!(len <= memory.as_slice().len(), "the memory has fewer elements than the shape");
        Elements { memory, offset: 0, shape, len, strides: None }
    }

    /// Other elements in row-major order, of the same shape.
    #[inline(always)]
    pub(crate) fn alike(&self, memory: Memory<F>) -> Self {
        Elements::assembled(self.shape.clone(), self.len, memory)
    }

    /// The elements that `fill` appends to a vector, in row-major order. The memory is aligned, and reused if possible.
    ///
    /// # Panics
    /// If `fill` appends more or fewer elements than the shape has, the shape is not valid, or the allocation fails.
    #[track_caller]
    pub fn appended(shape: &[usize], fill: impl FnOnce(&mut Vec<F>)) -> Self {
        Elements::of_memory(IxDyn(shape), Memory::appended_by(shape, fill))
    }

    /// Elements that are all equal to `value`.
    ///
    /// # Panics
    /// If the shape is not valid, or the allocation fails.
    #[track_caller]
    pub fn full(shape: IxDyn, value: F) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        let memory = Memory::filled(len, shape.slice(), value);
        Elements::assembled(shape, len, memory)
    }

    /// Elements with any values, for code that then writes all of them: for large arrays, filling them first would take
    /// as long as a pass of arithmetic.
    ///
    /// # Panics
    /// If the shape is not valid, or the allocation fails.
    #[track_caller]
    pub fn unset(shape: IxDyn) -> Self {
        let len = checked_size::<F>(operation::name(), shape.slice());
        let memory = Memory::unset(len, shape.slice());
        Elements::assembled(shape, len, memory)
    }

    /// Applies `f` to every element.
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

    /// The shape, as an `ndarray` dimension.
    pub fn dim(&self) -> &IxDyn {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as a slice, if they are in row-major order.
    pub fn as_slice(&self) -> Option<&[F]> {
        match self.strides {
            None => Some(&self.memory.as_slice()[self.offset..self.offset + self.len()]),
            Some(_) => None,
        }
    }

    /// The elements as a slice in row-major order; if they are in another, of a copy, which is left in `copy`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn row_major_slice<'a>(&'a self, copy: &'a mut Option<Self>) -> &'a [F] {
        match self.as_slice() {
            Some(elements) => elements,
            None => copy.insert(self.row_major()).as_slice().expect("row-major"),
        }
    }

    /// The elements as a mutable slice, if they are in row-major order and not shared.
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

    /// The elements as an array view.
    pub fn view(&self) -> ArrayViewD<'_, F> {
        let memory = &self.memory.as_slice()[self.offset..];
        let view = match &self.strides {
            None => ArrayViewD::from_shape(self.shape.clone(), memory),
            Some(strides) => ArrayViewD::from_shape(self.shape.clone().strides((**strides).clone()), memory),
        };
        view.expect("shape and strides stay inside the memory")
    }

    /// The elements as a mutable slice in row-major order; they are copied first if they are shared or in another
    /// order.
    #[track_caller]
    pub fn slice_mut(&mut self) -> &mut [F] {
        if self.as_slice_mut().is_none() {
            *self = copied(self.view());
        }
        self.as_slice_mut().expect("row-major and not shared")
    }

    /// [`slice_mut`](Self::slice_mut) as an array view.
    #[track_caller]
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, F> {
        let shape = self.shape.clone();
        ArrayViewMutD::from_shape(shape, self.slice_mut()).expect("row-major")
    }

    /// The elements in row-major order: shared if they already are, otherwise a copy.
    #[track_caller]
    pub fn row_major(&self) -> Self {
        match self.strides {
            None => self.clone(),
            Some(_) => copied(self.view()),
        }
    }

    /// The elements as an owned array, without a copy if they are not shared.
    pub fn into_array(self) -> ArrayD<F> {
        if self.strides.is_none() && self.offset == 0 {
            let elements = self.memory.into_vec(self.len);
            return ArrayD::from_shape_vec(self.shape, elements).expect("row-major");
        }
        self.view().to_owned()
    }

    /// The elements, copied unless the first is at the start of a cache line: for data that every training step reads.
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
}

/// Without a copy, unless a stride is negative or 0.
impl<F: Float> From<ArrayD<F>> for Elements<F> {
    /// # Panics
    /// If the array has more than [`MAX_AXES`](crate::MAX_AXES) axes, or is empty and the product of its nonzero sizes
    /// is more than `isize::MAX` bytes.
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
mod tests;
