//! What differs between the element types: the product kernel and the free list.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;

use ndarray::IxDyn;

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::matrix::Strided;
use super::{Matrix, Product};
#[cfg(target_arch = "x86_64")]
use crate::conv;
use crate::conv::Strips;
use crate::memory::FreeList;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, level};
use crate::simd::{Leveled, run_double, run_single};
use crate::{Elements, Float};

/// What each element type implements separately. Users cannot name this trait, which seals `Float`.
pub trait Kernels: Sized + 'static {
    /// Computes the columns `columns` of a product.
    ///
    /// # Safety
    /// The pointers must be valid as `Product` requires; the result may be uninitialized.
    unsafe fn gemm(product: &Product<'_, Self>, columns: Range<usize>);

    /// A right operand as [`gemm_packed`](Self::gemm_packed) reads it, if this type has such a kernel at the present level
    /// and the matrix has elements.
    fn panels(b: Matrix<'_, Self>) -> Option<Elements<Self>>
    where
        Self: Float;

    /// Computes the columns `columns` of a product with a right operand that [`panels`](Self::panels) has packed.
    ///
    /// # Safety
    /// The pointers must be valid as `Product` requires, except that to the right operand; the panels must be of a matrix
    /// of its size, and `columns` must start at a multiple of 32.
    unsafe fn gemm_packed(product: &Product<'_, Self>, panels: &[Self], columns: Range<usize>);

    /// The most rows of a tile of [`combine`](Self::combine), if this type has kernels for convolutions at the present
    /// level: it and [`contract`](Self::contract).
    fn convolution_rows() -> Option<usize>;

    /// `results[row][p] = start[row] + Σ weight[row][k]·source[offsets[k] + p]` for all positions `p` that have a place.
    fn combine(strips: &Strips<'_, Self>, results: &mut [Self])
    where
        Self: Float;

    /// `sums[row][k] += Σ left[row][p]·right[offsets[k] + p]` over the first `count` positions `p`, a multiple of 16; the
    /// rows of `left` are `count` apart.
    fn contract(left: &[Self], count: usize, right: &[Self], offsets: &[usize], sums: &mut [Self]);

    /// Whether [`gemm`](Self::gemm) is the fastest choice for small products too.
    fn any_size_is_blocked() -> bool;

    /// Runs a kernel with this type's vectors.
    fn leveled(kernel: impl Leveled);

    /// This thread's unused blocks, kept for reuse.
    fn free_list() -> &'static FreeList<Self>;
}

impl Kernels for f32 {
    unsafe fn gemm(product: &Product<'_, f32>, columns: Range<usize>) {
        #[cfg(target_arch = "x86_64")]
        if level() == Level::Avx512 {
            // SAFETY: the machine has AVX-512; the rest by the caller's promise.
            return unsafe { avx512::multiply(product, columns) };
        }
        let gemm = |[m, k, n]: [usize; 3], a: Strided<f32>, b: Strided<f32>, beta, c, row| {
            // SAFETY: the caller's promise.
            unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c, row, 1) }
        };
        // SAFETY: the caller's promise.
        unsafe { through_matrixmultiply(product, columns, gemm) }
    }

    fn panels(b: Matrix<'_, f32>) -> Option<Elements<f32>> {
        #[cfg(target_arch = "x86_64")]
        if level() == Level::Avx512 && b.rows > 0 && b.columns > 0 {
            let mut panels = Elements::unset(IxDyn(&[b.rows, b.columns.next_multiple_of(avx512::COLUMNS)]));
            // SAFETY: the machine has AVX-512, `b` is a matrix of this size, and there is memory for its panels, which is
            // aligned because a panel has more elements than are stored inline.
            unsafe { avx512::pack_all(b.strided, [b.rows, b.columns], panels.slice_mut().as_mut_ptr()) };
            return Some(panels);
        }
        None
    }

    unsafe fn gemm_packed(product: &Product<'_, f32>, panels: &[f32], columns: Range<usize>) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller's promise; there are panels only on machines with AVX-512.
        return unsafe { avx512::multiply_packed(product, panels.as_ptr(), columns) };
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("there are no panels: {:?}", (product.n, panels, columns))
    }

    fn convolution_rows() -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        return (level() == Level::Avx512).then_some(conv::avx512::ROWS);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    fn combine(strips: &Strips<'_, f32>, results: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        return conv::avx512::combine(strips, results);
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("there is no such kernel: {:?}", (results.len(), strips.offsets.len()))
    }

    fn contract(left: &[f32], count: usize, right: &[f32], offsets: &[usize], sums: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        return conv::avx512::contract(left, count, right, offsets, sums);
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("there is no such kernel: {:?}", (left.len(), count, right.len(), offsets.len(), sums.len()))
    }

    fn any_size_is_blocked() -> bool {
        #[cfg(target_arch = "x86_64")]
        return level() == Level::Avx512;
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    #[inline(always)]
    fn leveled(kernel: impl Leveled) {
        run_single(kernel);
    }

    fn free_list() -> &'static FreeList<f32> {
        thread_local!(static LIST: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) });
        &LIST
    }
}

impl Kernels for f64 {
    unsafe fn gemm(product: &Product<'_, f64>, columns: Range<usize>) {
        let gemm = |[m, k, n]: [usize; 3], a: Strided<f64>, b: Strided<f64>, beta, c, row| {
            // SAFETY: the caller's promise.
            unsafe { matrixmultiply::dgemm(m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c, row, 1) }
        };
        // SAFETY: the caller's promise.
        unsafe { through_matrixmultiply(product, columns, gemm) }
    }

    fn panels(_b: Matrix<'_, f64>) -> Option<Elements<f64>> {
        None
    }

    unsafe fn gemm_packed(_product: &Product<'_, f64>, _panels: &[f64], _columns: Range<usize>) {
        unreachable!("there are no panels of `f64`")
    }

    fn convolution_rows() -> Option<usize> {
        None
    }

    fn combine(_strips: &Strips<'_, f64>, _results: &mut [f64]) {
        unreachable!("there is no such kernel of `f64`")
    }

    fn contract(_left: &[f64], _count: usize, _right: &[f64], _offsets: &[usize], _sums: &mut [f64]) {
        unreachable!("there is no such kernel of `f64`")
    }

    fn any_size_is_blocked() -> bool {
        false
    }

    #[inline(always)]
    fn leveled(kernel: impl Leveled) {
        run_double(kernel);
    }

    fn free_list() -> &'static FreeList<f64> {
        thread_local!(static LIST: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) });
        &LIST
    }
}

/// Computes the columns `columns` of a product with `matrixmultiply`. `gemm` calls its function for the element type
/// with `([m, k, n], a, b, beta, c, row stride of c)`.
///
/// # Safety
/// The pointers of the product are valid as [`Product`] requires.
unsafe fn through_matrixmultiply<F: Float>(
    product: &Product<'_, F>,
    columns: Range<usize>,
    gemm: impl FnOnce([usize; 3], Strided<F>, Strided<F>, F, *mut F, isize),
) {
    let &Product { m, k, n, a, b, start, c } = product;
    // SAFETY: `columns` are columns of the product.
    let (b, c) = unsafe { ((b.0.offset(columns.start as isize * b.2), b.1, b.2), c.add(columns.start)) };
    let mut beta = F::zero();
    if let Some(start) = start {
        for row in 0..m {
            // SAFETY: `row` is a row of the product.
            unsafe { c.add(row * n).copy_from_nonoverlapping(start.as_ptr().add(columns.start), columns.len()) };
        }
        beta = F::one();
    }
    // With `beta` zero, the result is written without being read, so it may be uninitialized.
    gemm([m, k, columns.len()], a, b, beta, c, n as isize);
}
