//! The operand of a matrix product: a pointer with strides.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use ndarray::{ArrayView2, ShapeBuilder};

/// A pointer to the first element, with the row stride and the column stride.
pub(super) type Strided<F> = (*const F, isize, isize);

/// A matrix in borrowed memory. `ArrayView2` would do, but constructing and checking one costs more than a product of a
/// few elements.
#[derive(Clone, Copy)]
pub struct Matrix<'a, F> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Valid for all rows and columns: every constructor ensures it.
    pub(super) strided: Strided<F>,
    memory: PhantomData<&'a F>,
}

impl<'a, F> Matrix<'a, F> {
    /// The matrix of the elements `memory[row * row_step + column * column_step]`.
    ///
    /// # Panics
    /// If one of them is outside `memory`.
    #[inline]
    pub fn new(memory: &'a [F], [rows, columns]: [usize; 2], [row_step, column_step]: [usize; 2]) -> Self {
        let empty = rows == 0 || columns == 0;
        let last = || (rows - 1).checked_mul(row_step)?.checked_add((columns - 1).checked_mul(column_step)?);
        assert!(
            empty || last().is_some_and(|last| last < memory.len()),
            "Matrix::new: the last element is outside the memory"
        );
        let strided = (memory.as_ptr(), row_step as isize, column_step as isize);
        Matrix { rows, columns, strided, memory: PhantomData }
    }

    /// The transpose; nothing is copied.
    #[inline]
    pub fn transposed(self) -> Self {
        let (address, row, column) = self.strided;
        Matrix { rows: self.columns, columns: self.rows, strided: (address, column, row), memory: PhantomData }
    }

    /// The columns before `at`, and those from `at` on.
    ///
    /// # Panics
    /// If `at` is greater than the number of columns.
    pub(super) fn split_columns(self, at: usize) -> (Self, Self) {
        assert!(at <= self.columns, "split_columns: column out of range");
        let (address, row, column) = self.strided;
        // If the second part has elements, the product is the offset of its first; otherwise the pointer is never used.
        let further = address.wrapping_offset((at as isize).wrapping_mul(column));
        let rest = Matrix { columns: self.columns - at, strided: (further, row, column), ..self };
        (Matrix { columns: at, ..self }, rest)
    }

    /// One element.
    ///
    /// # Panics
    /// If `row` or `column` is out of range.
    #[inline]
    pub(super) fn at(&self, row: usize, column: usize) -> F
    where
        F: Copy,
    {
        assert!(row < self.rows && column < self.columns, "Matrix: row or column out of range");
        let (address, row_step, column_step) = self.strided;
        // SAFETY: the pointer is valid for all rows and columns.
        unsafe { *address.offset(row as isize * row_step + column as isize * column_step) }
    }

    /// Whether this is the transpose of a row-major matrix, and not row-major itself.
    pub(super) fn is_transpose(&self) -> bool {
        self.strided.1 == 1 && self.strided.2 != 1
    }

    /// As an array.
    pub(super) fn view(&self) -> ArrayView2<'a, F> {
        let (address, row, column) = self.strided;
        let steps = [row, column].map(|step| step as usize);
        // SAFETY: the pointer is valid for all elements.
        unsafe { ArrayView2::from_shape_ptr((self.rows, self.columns).strides((steps[0], steps[1])), address) }
    }
}

impl<'a, F> From<ArrayView2<'a, F>> for Matrix<'a, F> {
    /// # Panics
    /// If a stride is negative; those of [`Elements`](crate::Elements) never are.
    fn from(view: ArrayView2<'a, F>) -> Self {
        assert!(view.strides().iter().all(|&step| step >= 0), "Matrix: negative strides");
        let strided = (view.as_ptr(), view.strides()[0], view.strides()[1]);
        Matrix { rows: view.nrows(), columns: view.ncols(), strided, memory: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn split() {
        let memory = [1, 2, 3, 4, 5, 6];
        let matrix = Matrix::new(&memory, [2, 3], [3, 1]);
        for at in 0..=3 {
            let (left, right) = matrix.split_columns(at);
            assert_eq!((left.columns, right.columns), (at, 3 - at));
            (0..at).for_each(|column| assert_eq!(left.at(1, column), matrix.at(1, column)));
            (at..3).for_each(|column| assert_eq!(right.at(1, column - at), matrix.at(1, column)));
        }
        assert!(catch_unwind(|| matrix.split_columns(4)).is_err());
    }

    #[test]
    fn inside_of_its_memory_or_not_at_all() {
        let memory = [0.0_f32; 6];
        let fits = |shape, steps| catch_unwind(|| Matrix::new(&memory, shape, steps)).is_ok();
        assert!(fits([2, 3], [3, 1]) && fits([3, 2], [1, 3]) && fits([1, 1], [usize::MAX; 2]));
        assert!(fits([0, usize::MAX], [1, 1]) && fits([usize::MAX, 0], [1, 1]));
        assert!(!fits([3, 3], [3, 1]) && !fits([2, 4], [3, 1]));
        // Less than 6 if the arithmetic wraps.
        assert!(!fits([3, 2], [1 << 63, 1]) && !fits([2, 3], [1, 1 << 63]));
        assert!(!fits([1 << 32, 2], [1 << 32, 1]) && !fits([2, 2], [usize::MAX, 2]));
    }
}
