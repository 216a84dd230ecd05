//! The products of F and G. As in `gemm.rs`, a block of the result stays in registers over all of `k`; but `k` may consist
//! of several stretches, such as the rows of a convolution's kernel, and the caller does with the sums what comes next.

use std::arch::x86_64::*;

/// The sums of a block: so many rows of so many vectors.
pub(crate) type Sums<const ROWS: usize, const VECTORS: usize> = [[__m512; VECTORS]; ROWS];

/// A stretch of `k`: where the first row of `a`, and the numbers of `b`, begin.
pub(crate) type Run = (*const f32, *const f32);

/// Adds to `sums[i][v]` the sum of `a[i·ROW + l·STEP]·b[l·ldb + 16·v]` over `l` below `k`, for each of the runs.
///
/// # Safety
/// The machine must have AVX-512, and the numbers must be there.
#[target_feature(enable = "avx512f,fma")]
pub(crate) unsafe fn products<const ROWS: usize, const VECTORS: usize, const ROW: usize, const STEP: usize>(
    runs: &[Run],
    k: usize,
    ldb: usize,
    mut sums: Sums<ROWS, VECTORS>,
) -> Sums<ROWS, VECTORS> {
    for &(mut a, mut b) in runs {
        // SAFETY: the caller's promise.
        unsafe {
            for _ in 0..k {
                let mut right = [_mm512_setzero_ps(); VECTORS];
                for v in 0..VECTORS {
                    right[v] = _mm512_loadu_ps(b.add(16 * v));
                }
                for i in 0..ROWS {
                    let left = _mm512_set1_ps(*a.add(i * ROW));
                    for v in 0..VECTORS {
                        sums[i][v] = _mm512_fmadd_ps(left, right[v], sums[i][v]);
                    }
                }
                a = a.wrapping_add(STEP);
                b = b.wrapping_add(ldb);
            }
        }
    }
    sums
}

/// Sums of nothing.
#[target_feature(enable = "avx512f")]
pub(crate) fn zeros<const ROWS: usize, const VECTORS: usize>() -> Sums<ROWS, VECTORS> {
    [[_mm512_setzero_ps(); VECTORS]; ROWS]
}

/// The same numbers in every row.
///
/// # Safety
/// There must be so many.
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn rows_of<const ROWS: usize, const VECTORS: usize>(numbers: *const f32) -> Sums<ROWS, VECTORS> {
    let mut sums = zeros::<ROWS, VECTORS>();
    for row in &mut sums {
        for (v, sum) in row.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *sum = unsafe { _mm512_loadu_ps(numbers.add(16 * v)) };
        }
    }
    sums
}

/// The block at `c`, whose rows are `ldc` apart.
///
/// # Safety
/// It must be there.
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn load<const ROWS: usize, const VECTORS: usize>(c: *const f32, ldc: usize) -> Sums<ROWS, VECTORS> {
    let mut sums = zeros::<ROWS, VECTORS>();
    for (i, row) in sums.iter_mut().enumerate() {
        for (v, sum) in row.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *sum = unsafe { _mm512_loadu_ps(c.add(i * ldc + 16 * v)) };
        }
    }
    sums
}

/// Writes the block to `c`.
///
/// # Safety
/// It must be there, and nobody else's.
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn store<const ROWS: usize, const VECTORS: usize>(
    sums: &Sums<ROWS, VECTORS>,
    c: *mut f32,
    ldc: usize,
) {
    for (i, row) in sums.iter().enumerate() {
        for (v, sum) in row.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { _mm512_storeu_ps(c.add(i * ldc + 16 * v), *sum) };
        }
    }
}

/// `max(sums, 0)`.
#[target_feature(enable = "avx512f")]
pub(crate) fn relu<const ROWS: usize, const VECTORS: usize>(sums: &mut Sums<ROWS, VECTORS>) {
    for sum in sums.iter_mut().flatten() {
        *sum = _mm512_max_ps(*sum, _mm512_setzero_ps());
    }
}

/// The sum of each column of the `rows` rows at `from`, which are `ld` apart, added to `columns` (whole vectors).
///
/// # Safety
/// The numbers must be there.
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn column_sums(from: *const f32, rows: usize, ld: usize, columns: &mut [f32]) {
    for (v, columns) in columns.chunks_exact_mut(16).enumerate() {
        // SAFETY: the caller's promise; a chunk is a vector.
        unsafe {
            let mut sum = _mm512_loadu_ps(columns.as_ptr());
            for row in 0..rows {
                sum = _mm512_add_ps(sum, _mm512_loadu_ps(from.add(row * ld + 16 * v)));
            }
            _mm512_storeu_ps(columns.as_mut_ptr(), sum);
        }
    }
}
