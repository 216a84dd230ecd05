//! Matrix products that are too small for blocking.

use ndarray::ArrayView2;

use super::Matrix;
use crate::Float;
use crate::memory::Memory;
use crate::simd::vectorised;

/// Computes the `len` elements directly from the definition, in scalar code: for products of a few elements, or empty
/// ones.
#[track_caller]
pub(super) fn tiny<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, start: Option<&[F]>, len: usize) -> Memory<F> {
    let mut memory = Memory::filled(len, &[a.rows, b.columns], F::zero());
    if b.columns == 0 {
        // There may be any number of empty rows: no loop over them.
        return memory;
    }
    let c = memory.get_mut().expect("not shared yet");
    for i in 0..a.rows {
        for j in 0..b.columns {
            let sum = (0..a.columns).fold(F::zero(), |sum, p| sum + a.at(i, p) * b.at(p, j));
            c[i * b.columns + j] = start.map_or(sum, |start| start[j] + sum);
        }
    }
    memory
}

/// Computes every element directly from the definition, in vectorized loops: for small products and a single row.
#[track_caller]
pub(super) fn by_definition<F: Float>(
    a: &ArrayView2<'_, F>,
    b: &ArrayView2<'_, F>,
    start: Option<&[F]>,
    len: usize,
) -> Memory<F> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let mut memory = Memory::filled(len, &[m, n], F::zero());
    let c = &mut memory.get_mut().expect("not shared yet")[..m * n];
    if let Some(row) = start {
        c.chunks_exact_mut(n).for_each(|c| c.copy_from_slice(row));
    }
    // If `b` is the transpose of a row-major matrix, such as a weight `[out, in]`, each of its columns is a slice.
    let transposed = b.t();
    let columns = transposed.as_slice();
    vectorised(
        #[inline(always)]
        || {
            for (a, c) in a.outer_iter().zip(c.chunks_exact_mut(n)) {
                // Contiguous rows and columns: inner products.
                if let (Some(a), Some(columns)) = (a.as_slice(), columns) {
                    for (c, column) in c.iter_mut().zip(columns.chunks_exact(k)) {
                        *c += dot(a, column);
                    }
                    continue;
                }
                // Otherwise the row of `c` is a linear combination of the rows of `b`.
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

/// `Σ a·b` in 32 partial sums, the lanes of vector registers.
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
