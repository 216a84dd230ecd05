//! Packing: copies a panel of up to 32 columns of a matrix into contiguous rows of 32 elements.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::avx512::COLUMNS;
use super::matrix::Strided;

/// A cache line, to which vectors are aligned.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Line(#[expect(dead_code, reason = "accessed through pointers only")] [f32; 16]);

/// Packs the rows `rows` and columns `columns` of `b` into consecutive panels of 32 columns. In the last panel, the
/// elements after the last column are arbitrary.
///
/// # Safety
/// `b` is valid for these reads, `panels` for 32 elements per row of every panel. The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn pack(b: Strided<f32>, rows: Range<usize>, columns: Range<usize>, mut panels: *mut f32) {
    for left in columns.clone().step_by(COLUMNS) {
        let width = COLUMNS.min(columns.end - left);
        // SAFETY: the caller's promise.
        unsafe {
            let corner = b.0.offset(rows.start as isize * b.1 + left as isize * b.2);
            if b.1 == 1 {
                pack_columns(corner, b.2, rows.len(), width, panels);
            } else {
                pack_rows((corner, b.1, b.2), rows.len(), width, panels);
            }
            panels = panels.add(rows.len() * COLUMNS);
        }
    }
}

/// Packs one panel row by row.
///
/// # Safety
/// As for [`pack`].
#[target_feature(enable = "avx512f")]
unsafe fn pack_rows((from, row, column): Strided<f32>, depth: usize, width: usize, panel: *mut f32) {
    for p in 0..depth {
        // SAFETY: the caller's promise.
        unsafe {
            let (from, to) = (from.offset(p as isize * row), panel.add(p * COLUMNS));
            if column == 1 && width == COLUMNS {
                _mm512_store_ps(to, _mm512_loadu_ps(from));
                _mm512_store_ps(to.add(16), _mm512_loadu_ps(from.add(16)));
            } else {
                for j in 0..width {
                    *to.add(j) = *from.offset(j as isize * column);
                }
            }
        }
    }
}

/// Packs one panel whose columns are contiguous, in blocks of 16 × 16 that are transposed in registers.
///
/// # Safety
/// As for [`pack`].
#[target_feature(enable = "avx512f")]
unsafe fn pack_columns(from: *const f32, column: isize, depth: usize, width: usize, panel: *mut f32) {
    let whole = depth - depth % 16;
    // SAFETY: the caller's promise. Columns past the last repeat the last: they fill up the vector, and no tile stores
    // their results.
    unsafe {
        for first in (0..width).step_by(16) {
            let columns: [*const f32; 16] =
                std::array::from_fn(|j| from.offset((first + j).min(width - 1) as isize * column));
            for p in (0..whole).step_by(16) {
                let rows = transposed(columns.map(|column| column.add(p)));
                for (i, row) in rows.into_iter().enumerate() {
                    _mm512_store_ps(panel.add((p + i) * COLUMNS + first), row);
                }
            }
            // The remaining positions, element by element.
            for p in whole..depth {
                for (j, column) in columns.iter().enumerate() {
                    *panel.add(p * COLUMNS + first + j) = *column.add(p);
                }
            }
        }
    }
}

/// The transpose of a matrix, plus `start`, if any, added to every row: `to[i][j] = from[j][i] + start[j]` for the `m`
/// rows and `n` columns of the result. Each pointer comes with its row stride.
///
/// # Safety
/// `from` is valid for rows and columns up to the next multiple of 16, and its rows are aligned to cache lines; `to` is
/// valid for the result. The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn unpack_transposed(
    from: (*const f32, usize),
    start: Option<&[f32]>,
    to: (*mut f32, usize),
    [m, n]: [usize; 2],
) {
    for left in (0..n).step_by(16) {
        let mask = 0xffff >> (16 - (n - left).min(16));
        // SAFETY: the columns of the mask are in `start`.
        let start = start.map_or(_mm512_setzero_ps(), |start| unsafe {
            _mm512_maskz_loadu_ps(mask, start.as_ptr().wrapping_add(left))
        });
        for top in (0..m).step_by(16) {
            // SAFETY: the caller's promise; the rows below `m` and the columns of the mask are in the result.
            unsafe {
                let rows = std::array::from_fn(|j| from.0.add((left + j) * from.1 + top));
                for (i, row) in transposed(rows).into_iter().enumerate().take(m - top) {
                    let to = to.0.wrapping_add((top + i) * to.1 + left);
                    _mm512_mask_storeu_ps(to, mask, _mm512_add_ps(row, start));
                }
            }
        }
    }
}

/// Transposes a block of 16 × 16: sixteen elements of each of sixteen columns become sixteen rows.
///
/// # Safety
/// The addresses are valid for 16 reads each. The machine has AVX-512 F.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transposed(columns: [*const f32; 16]) -> [__m512; 16] {
    let mut rows = [_mm512_setzero_ps(); 16];
    for block in 0..4 {
        // SAFETY: the caller's promise.
        let quarter = |j: usize| unsafe { _mm_loadu_ps(columns[j].add(4 * block)) };
        // Four elements of each of the columns i, i + 4, i + 8 and i + 12, one per 128-bit quarter: then no shuffle
        // crosses quarters.
        let gather = |i: usize| {
            let vector = _mm512_castps128_ps512(quarter(i));
            let vector = _mm512_insertf32x4::<1>(vector, quarter(i + 4));
            let vector = _mm512_insertf32x4::<2>(vector, quarter(i + 8));
            _mm512_insertf32x4::<3>(vector, quarter(i + 12))
        };
        let (a, b, c, d) = (gather(0), gather(1), gather(2), gather(3));
        // Transpose 4 × 4 elements within each quarter.
        let low = [_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d)].map(|x| _mm512_castps_pd(x));
        let high = [_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d)].map(|x| _mm512_castps_pd(x));
        rows[4 * block] = _mm512_castpd_ps(_mm512_unpacklo_pd(low[0], low[1]));
        rows[4 * block + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low[0], low[1]));
        rows[4 * block + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high[0], high[1]));
        rows[4 * block + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high[0], high[1]));
    }
    rows
}
