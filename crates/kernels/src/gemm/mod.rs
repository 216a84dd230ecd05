//! Matrix multiplication (GEMM). Every product goes through [`matmul2`].
//!
//! Small products are computed directly from the definition. Larger ones use our AVX-512 kernel for `f32` if the
//! machine has AVX-512, and the crate `matrixmultiply` otherwise.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx512;
mod batched;
mod by_definition;
mod element_types;
#[cfg(target_arch = "x86_64")]
mod inner_products;
mod long;
mod matrix;
#[cfg(target_arch = "x86_64")]
mod pack;
mod packed;
#[cfg(target_arch = "x86_64")]
mod tile;

use std::mem::MaybeUninit;
use std::ops::Range;

use ndarray::IxDyn;

use super::team::share;
use crate::memory::Memory;
use crate::{Elements, Float, checked_size, operation, unoptimized};

pub use batched::matmul_batched;
use by_definition::{by_definition, tiny};
#[allow(unreachable_pub)] // As in `kernels`.
pub use element_types::Kernels;
use long::{LONG, in_halves};
pub use matrix::Matrix;
use matrix::Strided;
pub use packed::Packed;

/// Up to this many multiplications, a product costs less than choosing how to compute it.
const TINY: usize = 64;
/// Up to this many multiplications, packing the operands of a blocked product costs more than the product.
const SMALL: usize = 2048;

/// Products of at least this many multiplications are split among the threads.
const SHARED: usize = 2_500_000;
/// The product of a single row and a matrix is split if the matrix has at least this many elements.
const SHARED_ROW: usize = 1 << 18;
/// Products are split at multiples of this many columns or rows.
const SHARED_COLUMNS: usize = 32;
const SHARED_ROWS: usize = 16;

/// The product `c = a·b` of `a: [m, k]` and `b: [k, n]`, plus `start`, if any, added to every row. `c` is row-major.
/// The pointers are valid for these reads and writes, `c` overlaps neither operand, and `k` is not 0.
#[derive(Clone, Copy)]
#[allow(unreachable_pub)] // As `Kernels`.
pub struct Product<'a, F> {
    m: usize,
    k: usize,
    n: usize,
    a: Strided<F>,
    b: Strided<F>,
    start: Option<&'a [F]>,
    c: *mut F,
}

// SAFETY: threads that share a product only read its operands, and write disjoint columns or rows of its result.
unsafe impl<F: Sync> Sync for Product<'_, F> {}

impl<F> Product<'_, F> {
    /// The product restricted to the rows `rows`, which must be in range.
    fn rows(&self, rows: Range<usize>) -> Self {
        let a = (self.a.0.wrapping_offset(rows.start as isize * self.a.1), self.a.1, self.a.2);
        Product { m: rows.len(), a, c: self.c.wrapping_add(rows.start * self.n), ..*self }
    }
}

/// The matrix product `a·b`, plus `start`, if any, added to every row; the result is row-major.
///
/// # Panics
/// If the shapes do not match, the shape of the result is not valid, or the allocation fails.
#[track_caller]
pub fn matmul2<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, start: Option<&[F]>) -> Elements<F> {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(b.rows == k && start.is_none_or(|row| row.len() == n), "the operation has checked the shapes");
    // Saturates if there are more multiplications than a `usize` can count.
    let size = m.saturating_mul(k).saturating_mul(n);
    unoptimized::notice(size);
    let few = !F::any_size_is_blocked() && (m == 1 || size <= SMALL);
    let len = checked_size::<F>(operation::name(), &[m, n]);
    if k > LONG && len > 0 {
        return in_halves(a, b, start);
    }
    let c = if size <= TINY {
        tiny(a, b, start, len)
    } else if few {
        by_definition(&a.view(), &b.view(), start, len)
    } else {
        blocked(a, b, start, len)
    };
    Elements::assembled(IxDyn(&[m, n]), len, c)
}

#[track_caller]
fn blocked<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, start: Option<&[F]>, len: usize) -> Memory<F> {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(b.rows == k && start.is_none_or(|row| row.len() == n), "matching operands");
    let fill = |c: &mut [MaybeUninit<F>]| {
        let product = Product { m, k, n, a: a.strided, b: b.strided, start, c: c.as_mut_ptr().cast() };
        assert!(m.checked_mul(n) == Some(c.len()), "one slot per element");
        // SAFETY: `a` and `b` are matrices of these sizes, and `c` has a slot for every element of the result.
        let multiply = |product: &Product<'_, F>, columns| unsafe { F::gemm(product, columns) };
        let large = m.saturating_mul(k).saturating_mul(n) >= SHARED;
        if large && a.is_transpose() {
            // The gradient of a weight: split by rows, like its update, so that each thread finds its part in its
            // cache.
            share(m, SHARED_ROWS, |rows| multiply(&product.rows(rows), 0..n));
        } else if large || (m == 1 && k.saturating_mul(n) >= SHARED_ROW) {
            // A single row is bound by reading `b`; each thread keeps its part of `b` in its own cache.
            share(n, SHARED_COLUMNS, |columns| multiply(&product, columns));
        } else {
            multiply(&product, 0..n);
        }
    };
    // SAFETY: the product writes every element, and reads none before.
    unsafe { Memory::written_by(len, &[m, n], fill) }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, ArrayView2, Axis, Slice, s};

    use super::*;
    use crate::simd::{Level, tested_at};

    const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    fn product<F: Float>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, start: Option<&[F]>) -> Array2<F> {
        matmul2(a.into(), b.into(), start).into_array().into_dimensionality().unwrap()
    }

    /// Integers, so that any order of summation is exact.
    fn sample<F: Float>(rows: usize, columns: usize) -> Array2<F> {
        Array2::from_shape_fn((rows, columns), |(i, j)| F::from_f64(((i * 7 + j * 3) % 11) as f64 - 4.0))
    }

    /// The reference: the definition.
    fn plain<F: Float>(a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>, start: &[F]) -> Array2<F> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            start[j] + (0..a.ncols()).map(|p| a[[i, p]] * b[[p, j]]).sum::<F>()
        })
    }

    /// Every layout of both operands, with and without a start, at every level.
    fn check<F: Float>(m: usize, k: usize, n: usize) {
        let start = Array1::from_shape_fn(n, |j| F::from_f64(j as f64 - 2.0));
        let (start, nothing) = (start.as_slice().unwrap(), vec![F::zero(); n]);
        let (a, b) = (sample::<F>(m, k), sample::<F>(k, n));
        let (at, bt) = (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
        let (wide, tall) = (sample::<F>(2 * k, 3 * n), sample::<F>(3 * m, 2 * k + 1));
        let (gapped_b, gapped_a) = (wide.slice(s![..;2, ..;3]), tall.slice(s![..;3, 1..;2]));
        let cases =
            [(a.view(), b.view()), (at.t(), b.view()), (a.view(), bt.t()), (at.t(), bt.t()), (gapped_a, gapped_b)];
        for (case, (a, b)) in cases.into_iter().enumerate() {
            let (with, without) = (plain(&a, &b, start), plain(&a, &b, &nothing));
            for level in LEVELS {
                let shape = format!("{m} {k} {n} case {case} {level:?}");
                assert_eq!(tested_at(level, || product(a, b, Some(start))), with, "{shape}");
                assert_eq!(tested_at(level, || product(a, b, None)), without, "{shape}");
            }
        }
    }

    #[test]
    fn every_small_shape_layout_and_level() {
        let sizes = [0, 1, 2, 3, 8, 17, 33, 65];
        for (m, k, n) in sizes.iter().flat_map(|&m| sizes.iter().flat_map(move |&k| sizes.map(|n| (m, k, n)))) {
            check::<f32>(m, k, n);
            check::<f64>(m, k, n);
        }
    }

    /// Every height and width of a tile, several blocks of the inner dimension, panels packed singly and in groups.
    #[test]
    fn every_way_through_the_blocks() {
        (1..=40).for_each(|m| check::<f32>(m, 19, 70));
        (1..=70).for_each(|n| check::<f32>(29, 35, n));
        for (m, k, n) in [(7, 401, 40), (33, 805, 37), (130, 128, 48), (40, 420, 544), (610, 30, 545), (601, 410, 33)] {
            check::<f32>(m, k, n);
        }
    }

    /// Values whose rounding errors depend on the order of summation.
    #[test]
    fn a_range_of_columns_or_rows_has_the_bits_of_the_whole() {
        let rough = |rows: usize, columns: usize| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) as f32 * 0.37).sin())
        };
        for (m, k, n) in [(1, 50, 70), (20, 33, 100), (64, 100, 10), (64, 500, 130), (610, 60, 200)] {
            let (a, at, b, bt) = (rough(m, k), rough(k, m), rough(k, n), rough(n, k));
            for (a, b) in [(a.view(), b.view()), (at.t(), b.view()), (a.view(), bt.t()), (at.t(), bt.t())] {
                for level in LEVELS {
                    let multiply = |cuts: &[usize], in_rows: bool| {
                        let mut result = Array2::<f32>::zeros((m, n));
                        let strided = |x: &ArrayView2<'_, f32>| (x.as_ptr(), x.strides()[0], x.strides()[1]);
                        let (a, b, c) = (strided(&a), strided(&b), result.as_mut_ptr());
                        let product = Product { m, k, n, a, b, start: None, c };
                        for pair in cuts.windows(2).rev() {
                            let range = pair[0]..pair[1];
                            let (product, columns) =
                                if in_rows { (product.rows(range), 0..n) } else { (product, range) };
                            // SAFETY: the operands and the result have these sizes.
                            tested_at(level, || unsafe { f32::gemm(&product, columns) });
                        }
                        result
                    };
                    let whole = multiply(&[0, n], false);
                    for cut in [32, 64, n - n % 32].into_iter().filter(|&cut| cut < n) {
                        assert_eq!(multiply(&[0, cut, n], false), whole, "{m} {k} {n} at {cut}, {level:?}");
                    }
                    // By rows only if the left operand is a transpose.
                    for cut in [16, 48].into_iter().filter(|&cut| cut < m && a.strides()[0] == 1) {
                        assert_eq!(multiply(&[0, cut, m], true), whole, "{m} {k} {n} at row {cut}, {level:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn odd_strides() {
        let a = sample::<f64>(40, 90);
        let a = a.slice(s![1..;2, ..;3]);
        let b = sample(60, 50);
        let b = b.slice_axis(Axis(0), Slice::from(..).step_by(2));
        assert_eq!(product(a, b, None), plain(&a, &b, &[0.0; 50]));
    }

    #[test]
    fn nan_and_infinity_spread_as_they_must() {
        fn spread<F: Float>(n: usize) {
            let mut a = sample::<F>(n, n);
            a[[1, 2]] = F::nan();
            a[[2, 0]] = F::infinity();
            let c = product(a.view(), Array2::eye(n).view(), None);
            for ((i, _), value) in c.indexed_iter() {
                // 0·∞ is NaN too.
                assert!(value.is_nan() == (i == 1) || i == 2, "{n} {i}");
            }
            assert_eq!(c[[2, 0]], F::infinity());
        }
        for n in [3, 40] {
            spread::<f32>(n);
            spread::<f64>(n);
        }
    }
}
