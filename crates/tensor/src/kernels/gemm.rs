//! The one door to matrix multiplication.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::mem::MaybeUninit;

use ndarray::{ArrayD, ArrayView2, ArrayViewD, Axis, IxDyn};

use super::Memory;
use super::memory::FreeList;
use super::simd::vectorised;
use crate::broadcast::broadcast_shape;
use crate::{Elements, Float};

/// Up to this many multiplications, packing the operands of a blocked product costs more than the product.
const SMALL: usize = 2048;

/// `a·b`, plus `start` in every row if there is one; row-major, for any strides.
pub(crate) fn matmul2<F: Float>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, start: Option<&[F]>) -> Elements<F> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    assert!(b.nrows() == k && start.is_none_or(|row| row.len() == n), "the operation has checked the shapes");
    let c = if m == 1 || m * k * n <= SMALL { by_definition(&a, &b, start) } else { blocked(&a, &b, start) };
    Elements::of_memory(IxDyn(&[m, n]), c)
}

/// Every element by the definition, in the order of memory: for small products and for a single row.
fn by_definition<F: Float>(a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>, start: Option<&[F]>) -> Memory<F> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let mut memory = Memory::full(m * n, F::zero());
    let c = &mut memory.get_mut().expect("nobody else has it yet")[..m * n];
    if let Some(row) = start {
        c.chunks_exact_mut(n.max(1)).for_each(|c| c.copy_from_slice(row));
    }
    if m * n * k == 0 {
        return memory;
    }
    // The transpose of a row-major matrix, such as a weight `[out, in]`: each of its columns is a slice.
    let transposed = b.t();
    let columns = transposed.as_slice();
    vectorised(
        #[inline(always)]
        || {
            for (a, c) in a.outer_iter().zip(c.chunks_exact_mut(n)) {
                if let (Some(a), Some(columns)) = (a.as_slice(), columns) {
                    for (c, column) in c.iter_mut().zip(columns.chunks_exact(k)) {
                        *c += dot(a, column);
                    }
                    continue;
                }
                for (&a, b) in a.iter().zip(b.outer_iter()) {
                    match b.as_slice() {
                        Some(b) => c.iter_mut().zip(b).for_each(|(c, &b)| *c += a * b),
                        None => c.iter_mut().zip(&b).for_each(|(c, &b)| *c += a * b),
                    }
                }
            }
        },
    );
    memory
}

/// `Σ a·b` in 32 partial sums, which are the lanes of vector registers.
#[inline(always)]
fn dot<F: Float>(a: &[F], b: &[F]) -> F {
    let mut sums = [F::zero(); 32];
    let (a_chunks, b_chunks) = (a.chunks_exact(32), b.chunks_exact(32));
    let tail = a_chunks.remainder().iter().zip(b_chunks.remainder()).fold(F::zero(), |sum, (&a, &b)| sum + a * b);
    for (a, b) in a_chunks.zip(b_chunks) {
        for i in 0..32 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().fold(tail, |sum, &s| sum + s)
}

/// Through `matrixmultiply`, which packs blocks of the operands for the cache and for vector registers.
fn blocked<F: Float>(a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>, start: Option<&[F]>) -> Memory<F> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let (a_strides, b_strides) = (a.strides(), b.strides());
    let (a, b) = ((a.as_ptr(), a_strides[0], a_strides[1]), (b.as_ptr(), b_strides[0], b_strides[1]));
    let fill = |c: &mut [MaybeUninit<F>]| {
        let mut beta = F::zero();
        if let Some(row) = start {
            for row_of_c in c.chunks_exact_mut(n) {
                row_of_c.iter_mut().zip(row).for_each(|(c, &b)| _ = c.write(b));
            }
            beta = F::one();
        }
        // SAFETY: `a` and `b` are views of `m·k` and `k·n` elements with these strides, and `c` has `m` rows of `n`.
        // With `beta` zero they are written without being read, so they may be uninitialised; with `beta` one they
        // are the copies of `start`.
        unsafe { F::gemm([m, k, n], a, b, beta, c.as_mut_ptr().cast()) };
    };
    // SAFETY: the product writes each of the `m·n` elements; `k` is not 0, for 0 multiplications are few.
    unsafe { Memory::written_by(m * n, fill) }
}

/// An address with the distances between rows and between columns.
#[allow(unreachable_pub)] // As `Kernels`.
pub type Strided<F> = (*const F, isize, isize);

/// What differs between the element types inside the kernels. Out of reach for users, which seals `Float`.
pub trait Kernels: Sized + 'static {
    /// `c = a·b + beta·c` for `[m, k, n]`; `c` is row-major.
    ///
    /// # Safety
    /// The addresses must be valid for `m·k` and `k·n` reads and `m·n` writes, with `c` apart from both, and
    /// initialised unless `beta` is zero.
    unsafe fn gemm(shape: [usize; 3], a: Strided<Self>, b: Strided<Self>, beta: Self, c: *mut Self);

    /// This thread's blocks that nobody needs at the moment.
    fn free_list() -> &'static FreeList<Self>;
}

impl Kernels for f32 {
    unsafe fn gemm([m, k, n]: [usize; 3], a: Strided<f32>, b: Strided<f32>, beta: f32, c: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c, n as isize, 1) }
    }

    fn free_list() -> &'static FreeList<f32> {
        thread_local!(static LIST: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) });
        &LIST
    }
}

impl Kernels for f64 {
    unsafe fn gemm([m, k, n]: [usize; 3], a: Strided<f64>, b: Strided<f64>, beta: f64, c: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe { matrixmultiply::dgemm(m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c, n as isize, 1) }
    }

    fn free_list() -> &'static FreeList<f64> {
        thread_local!(static LIST: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) });
        &LIST
    }
}

/// The products of two stacks of matrices whose batch axes broadcast; the shapes fit.
pub(crate) fn matmul_batched<F: Float>(a: &ArrayViewD<'_, F>, b: &ArrayViewD<'_, F>) -> ArrayD<F> {
    let ([a_batch @ .., m, k], [b_batch @ .., _, n]) = (a.shape(), b.shape()) else { unreachable!("checked") };
    let batch = broadcast_shape(a_batch, b_batch).expect("the operation has checked the shapes");
    let layers = batch.iter().product();
    // One batch axis to loop over; a copy only where batch axes were stretched.
    let stack = |x: &ArrayViewD<'_, F>, rows: usize, columns: usize| {
        let stretched = x.broadcast([batch.as_slice(), &[rows, columns]].concat()).expect("checked");
        stretched.to_shape([layers, rows, columns]).expect("the same elements").into_owned()
    };
    let (a, b) = (stack(a, *m, *k), stack(b, *k, *n));
    let mut c = Vec::with_capacity(layers * m * n);
    for (a, b) in a.axis_iter(Axis(0)).zip(b.axis_iter(Axis(0))) {
        c.extend_from_slice(matmul2(a, b, None).as_slice().expect("row-major"));
    }
    ArrayD::from_shape_vec([batch.as_slice(), &[*m, *n]].concat(), c).expect("layers of m rows of n elements")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice, s};

    use super::*;
    use crate::kernels::simd::{Level, at_most};

    fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, start: Option<&[f64]>) -> Array2<f64> {
        matmul2(a, b, start).into_array().into_dimensionality().unwrap()
    }

    fn sample(rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0)
    }

    /// The definition, on whole numbers: exact in any order of summation.
    fn plain(a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>, start: &[f64]) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            start[j] + (0..a.ncols()).map(|p| a[[i, p]] * b[[p, j]]).sum::<f64>()
        })
    }

    #[test]
    fn every_small_shape_layout_and_level() {
        let sizes = [0, 1, 2, 3, 8, 17, 33, 65];
        for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
            for (m, k, n) in sizes.iter().flat_map(|&m| sizes.iter().flat_map(move |&k| sizes.map(|n| (m, k, n)))) {
                let (a, b, start) = (sample(m, k), sample(k, n), vec![2.0; n]);
                let (at, bt) = (sample(k, m), sample(n, k));
                for (a, b) in [(a.view(), b.view()), (at.t(), b.view()), (a.view(), bt.t()), (at.t(), bt.t())] {
                    let expected = plain(&a, &b, &start);
                    assert_eq!(at_most(level, || product(a, b, Some(&start))), expected, "{m} {k} {n}");
                    assert_eq!(at_most(level, || product(a, b, None)), expected - 2.0, "{m} {k} {n}");
                }
            }
        }
    }

    #[test]
    fn odd_strides() {
        let a = sample(40, 90);
        let a = a.slice(s![1..;2, ..;-3]);
        let b = sample(60, 50);
        let b = b.slice_axis(Axis(0), Slice::from(..).step_by(-2));
        assert_eq!(product(a, b, None), plain(&a, &b, &[0.0; 50]));
    }

    #[test]
    fn nan_and_infinity_spread_as_they_must() {
        for n in [3, 40] {
            let mut a = sample(n, n);
            a[[1, 2]] = f64::NAN;
            a[[2, 0]] = f64::INFINITY;
            let c = product(a.view(), Array2::eye(n).view(), None);
            for ((i, _), value) in c.indexed_iter() {
                // 0·∞ is NaN too.
                assert!(value.is_nan() == (i == 1) || i == 2, "{n} {i}");
            }
            assert_eq!(c[[2, 0]], f64::INFINITY);
        }
    }
}
