//! Copying a panel of a matrix, up to 32 columns, into rows of 32 that lie one after the other.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::avx512::COLUMNS;
use super::matrix::Strided;

/// A line of the cache, which vectors are aligned to.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Line(#[allow(dead_code)] [f32; 16]);

/// Packs the rows `rows` and columns `columns` of `b` into panels of 32 columns, one after the other. In the last, what
/// follows the last column means nothing.
///
/// # Safety
/// `b` is valid for these reads, `panels` for the rows of 32 numbers of every panel. The machine has AVX-512 F.
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

/// One panel, row by row.
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

/// One panel whose columns are contiguous.
///
/// # Safety
/// As for [`pack`].
#[target_feature(enable = "avx512f")]
unsafe fn pack_columns(from: *const f32, column: isize, depth: usize, width: usize, panel: *mut f32) {
    let whole = depth - depth % 16;
    // SAFETY: the caller's promise. Columns past the last are the last once more: they fill the vector, and no tile stores
    // what becomes of them.
    unsafe {
        for first in (0..width).step_by(16) {
            let columns: [*const f32; 16] =
                std::array::from_fn(|j| from.offset((first + j).min(width - 1) as isize * column));
            for p in (0..whole).step_by(16) {
                transpose(columns.map(|column| column.add(p)), panel.add(p * COLUMNS + first));
            }
            for p in whole..depth {
                for (j, column) in columns.iter().enumerate() {
                    *panel.add(p * COLUMNS + first + j) = *column.add(p);
                }
            }
        }
    }
}

/// Sixteen numbers of each of sixteen columns become sixteen rows of a panel.
///
/// # Safety
/// The addresses are valid for 16 reads each and for 16 rows of 16 numbers. The machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
unsafe fn transpose(columns: [*const f32; 16], panel: *mut f32) {
    for block in 0..4 {
        // SAFETY: the caller's promise.
        unsafe {
            // Four numbers of the columns i, i + 4, i + 8 and i + 12 in a vector: then all shuffles stay inside of quarters.
            let quarter = |j: usize| _mm_loadu_ps(columns[j].add(4 * block));
            let gather = |i: usize| {
                let vector = _mm512_castps128_ps512(quarter(i));
                let vector = _mm512_insertf32x4::<1>(vector, quarter(i + 4));
                let vector = _mm512_insertf32x4::<2>(vector, quarter(i + 8));
                _mm512_insertf32x4::<3>(vector, quarter(i + 12))
            };
            let (a, b, c, d) = (gather(0), gather(1), gather(2), gather(3));
            let low = [_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d)].map(|x| _mm512_castps_pd(x));
            let high = [_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d)].map(|x| _mm512_castps_pd(x));
            let rows = [
                _mm512_unpacklo_pd(low[0], low[1]),
                _mm512_unpackhi_pd(low[0], low[1]),
                _mm512_unpacklo_pd(high[0], high[1]),
                _mm512_unpackhi_pd(high[0], high[1]),
            ];
            for (i, row) in rows.into_iter().enumerate() {
                _mm512_store_ps(panel.add((4 * block + i) * COLUMNS), _mm512_castpd_ps(row));
            }
        }
    }
}
