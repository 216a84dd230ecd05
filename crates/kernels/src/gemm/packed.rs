//! The right operand of many products, packed once for all of them: the weight in a loop over time steps.
//!
//! Packing the right operand of a product of a few rows takes about as long as the product. Reading it in place saves
//! that, but rows whose distance is a power of two compete for the same sets of the cache.
#![allow(unsafe_code)]

use ndarray::IxDyn;

use super::long::{LONG, middle};
use super::{Matrix, Product, SHARED, SHARED_COLUMNS, SHARED_ROW, matmul2};
use crate::team::share;
use crate::{Elements, Float, row_major};

/// A matrix that many others are multiplied with.
///
/// ```
/// use downhill_kernels::{Matrix, Packed};
/// let weight = Packed::new(Matrix::new(&[1.0, 2.0, 3.0, 4.0], [2, 2], [2, 1]));
/// let mut product = [0.0; 2];
/// weight.multiply(Matrix::new(&[1.0, 10.0], [1, 2], [2, 1]), Some(&[0.0, 0.5]), &mut product);
/// assert_eq!(product, [31.0, 42.5]);
/// ```
pub struct Packed<F: Float> {
    rows: usize,
    columns: usize,
    layout: Layout<F>,
}

enum Layout<F: Float> {
    /// As [`Kernels::gemm_packed`](super::Kernels::gemm_packed) reads it.
    Panels(Elements<F>),
    RowMajor(Vec<F>),
    /// The upper rows and the others: a long inner dimension is summed in halves, as by `matmul2`.
    Halves(Box<[Packed<F>; 2]>),
}

impl<F: Float> Packed<F> {
    /// Packs the right operand `b`.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(b: Matrix<'_, F>) -> Self {
        let layout = if b.rows > LONG && b.columns > 0 {
            let (upper, lower) = b.transposed().split_columns(middle(b.rows));
            Layout::Halves(Box::new([Packed::new(upper.transposed()), Packed::new(lower.transposed())]))
        } else if let Some(panels) = F::panels(b) {
            Layout::Panels(panels)
        } else {
            let mut copy = Vec::new();
            row_major(&b.view().into_dyn(), &mut copy);
            Layout::RowMajor(copy)
        };
        Packed { rows: b.rows, columns: b.columns, layout }
    }

    /// Writes the product `a·b`, plus `start`, if any, added to every row, to the row-major `c`.
    ///
    /// # Panics
    /// If the sizes do not match.
    #[track_caller]
    pub fn multiply(&self, a: Matrix<'_, F>, start: Option<&[F]>, c: &mut [F]) {
        let (m, k, n) = (a.rows, self.rows, self.columns);
        assert!(
            a.columns == k && start.is_none_or(|row| row.len() == n) && m.checked_mul(n) == Some(c.len()),
            "Packed: the operands, the start and the result must fit each other"
        );
        match &self.layout {
            _ if c.is_empty() => {}
            Layout::Panels(panels) => {
                let product = Product { m, k, n, a: a.strided, b: (std::ptr::null(), 0, 0), start, c: c.as_mut_ptr() };
                let panels = panels.as_slice().expect("row-major");
                // SAFETY: `a` is a matrix of this size, `c` has a slot for every element of the result, and the panels are
                // those of a `k × n` matrix, made on this machine.
                let multiply = |columns| unsafe { F::gemm_packed(&product, panels, columns) };
                let matrix = k.saturating_mul(n);
                if m.saturating_mul(matrix) >= SHARED || (m == 1 && matrix >= SHARED_ROW) {
                    share(n, SHARED_COLUMNS, multiply);
                } else {
                    multiply(0..n);
                }
            }
            Layout::RowMajor(b) => {
                let product = matmul2(a, Matrix::new(b, [k, n], [n, 1]), start);
                c.copy_from_slice(product.as_slice().expect("row-major"));
            }
            Layout::Halves(halves) => {
                let (left, right) = a.split_columns(halves[0].rows);
                halves[0].multiply(left, start, c);
                let mut rest = Elements::unset(IxDyn(&[m, n]));
                halves[1].multiply(right, None, rest.slice_mut());
                c.iter_mut().zip(rest.slice_mut()).for_each(|(c, &mut x)| *c += x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use ndarray::{Array2, ArrayView2};

    use super::*;
    use crate::simd::{Level, tested_at};

    /// Integers, so that any order of summation is exact.
    fn sample<F: Float>(rows: usize, columns: usize) -> Array2<F> {
        Array2::from_shape_fn((rows, columns), |(i, j)| F::from_f64(((i * 7 + j * 3) % 11) as f64 - 4.0))
    }

    /// Both layouts of both operands, with and without a start, at every level.
    fn check<F: Float>(m: usize, k: usize, n: usize) {
        let (a, b) = (sample::<F>(m, k), sample::<F>(k, n));
        let (at, bt) = (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
        let row: Vec<F> = (0..n).map(|j| F::from_f64(j as f64 - 2.0)).collect();
        let plain = |i: usize, j: usize| (0..k).map(|p| a[[i, p]] * b[[p, j]]).sum::<F>();
        let expected = |start: &dyn Fn(usize) -> F| -> Vec<F> {
            (0..m * n).map(|at| plain(at / n, at % n) + start(at % n)).collect()
        };
        let (with, without) = (expected(&|j| row[j]), expected(&|_| F::zero()));
        let cases: [(ArrayView2<'_, F>, ArrayView2<'_, F>); 4] =
            [(a.view(), b.view()), (at.t(), b.view()), (a.view(), bt.t()), (at.t(), bt.t())];
        for (case, (a, b)) in cases.into_iter().enumerate() {
            for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                let shape = format!("{m} {k} {n} case {case} {level:?}");
                tested_at(level, || {
                    let packed = Packed::new(b.into());
                    // What was there before does not matter.
                    let mut c = vec![F::nan(); m * n];
                    packed.multiply(a.into(), None, &mut c);
                    assert_eq!(c, without, "{shape}");
                    c.fill(F::nan());
                    packed.multiply(a.into(), Some(&row), &mut c);
                    assert_eq!(c, with, "{shape}");
                });
            }
        }
    }

    #[test]
    fn every_small_shape_layout_and_level() {
        let sizes = [0, 1, 2, 17, 33, 65];
        for (m, k, n) in sizes.iter().flat_map(|&m| sizes.iter().flat_map(move |&k| sizes.map(|n| (m, k, n)))) {
            check::<f32>(m, k, n);
            check::<f64>(m, k, n);
        }
    }

    /// Several blocks of the inner dimension, panels of every width, and products that the threads share.
    #[test]
    fn every_way_through_the_blocks() {
        (1..=70).for_each(|n| check::<f32>(5, 35, n));
        for (m, k, n) in [(32, 512, 128), (7, 401, 40), (3, 805, 97), (64, 300, 150), (1, 512, 520), (3, 9000, 35)] {
            check::<f32>(m, k, n);
        }
        check::<f64>(2, 4097, 3);
    }

    #[test]
    fn operands_that_do_not_fit() {
        let memory = [1.0_f32; 12];
        let of = |rows: usize, columns: usize| Matrix::new(&memory, [rows, columns], [columns, 1]);
        let fits = |a: Matrix<'_, f32>, start: Option<&[f32]>, len: usize| {
            catch_unwind(|| Packed::new(of(3, 4)).multiply(a, start, &mut vec![0.0; len])).is_ok()
        };
        assert!(fits(of(2, 3), None, 8) && fits(of(2, 3), Some(&memory[..4]), 8));
        assert!(!fits(of(2, 4), None, 8) && !fits(of(2, 3), None, 7) && !fits(of(2, 3), Some(&memory[..3]), 8));
    }
}
