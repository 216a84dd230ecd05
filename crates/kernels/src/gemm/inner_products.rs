//! Products of few rows or columns, with both operands contiguous along the inner dimension, with AVX-512.
//!
//! Every element of the result is the inner product of a row of `a` and a column of `b`, which are both contiguous.
//! They are computed in register tiles of up to 4 × 6, with 24 sums: ten vectors are loaded for 24 multiply-adds, and
//! nothing is packed.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::Product;

/// Computes the columns `columns` of the product.
///
/// # Safety
/// The machine has AVX-512 F, the pointers of the product are valid as [`Product`] requires, and the rows of `a` and
/// the columns of `b` are contiguous.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn inner_products(product: &Product<'_, f32>, columns: Range<usize>) {
    let m = product.m;
    let (down, across) = (m.div_ceil(4), columns.len().div_ceil(6));
    for i in 0..down * across {
        // The loop order reads the larger operand once and the smaller one repeatedly.
        let (top, left) = if m > columns.len() { (i / across, i % across) } else { (i % down, i / down) };
        let left = columns.start + 6 * left;
        // The last tile overlaps its neighbor rather than leave a remainder; both write bitwise identical results.
        let top = (4 * top).min(m.saturating_sub(4));
        let tile = INNER_PRODUCT_TILES[usize::from(m > 1)][6.min(columns.end - left) - 1];
        // SAFETY: the tile's rows from `top` and columns from `left` are in the product.
        unsafe { tile(product, top, left) };
    }
}

type InnerProductTile = unsafe fn(product: &Product<'_, f32>, top: usize, left: usize);

/// For a single row and for up to four rows, indexed by the number of columns minus one.
#[rustfmt::skip]
const INNER_PRODUCT_TILES: [[InnerProductTile; 6]; 2] = [
    [inner_product_tile::<1, 1>, inner_product_tile::<1, 2>, inner_product_tile::<1, 3>,
     inner_product_tile::<1, 4>, inner_product_tile::<1, 5>, inner_product_tile::<1, 6>],
    [inner_product_tile::<4, 1>, inner_product_tile::<4, 2>, inner_product_tile::<4, 3>,
     inner_product_tile::<4, 4>, inner_product_tile::<4, 5>, inner_product_tile::<4, 6>],
];

/// A register tile of at most `R` rows and exactly `C` columns.
///
/// # Safety
/// As for [`inner_products`]; the row `top` and the `C` columns from `left` are in the product.
#[target_feature(enable = "avx512f")]
unsafe fn inner_product_tile<const R: usize, const C: usize>(product: &Product<'_, f32>, top: usize, left: usize) {
    let &Product { m, k, n, a, b, c, start } = product;
    let height = R.min(m - top);
    // SAFETY: by the caller's promise. Rows past the last repeat the last, and are not stored.
    unsafe {
        let rows: [*const f32; R] = std::array::from_fn(|i| a.0.offset((top + i.min(height - 1)) as isize * a.1));
        let columns: [*const f32; C] = std::array::from_fn(|j| b.0.offset((left + j) as isize * b.2));
        let mut sums = [[_mm512_setzero_ps(); C]; R];
        // Sixteen positions of the inner dimension: load them once, multiply every row with every column.
        let mut step = |at: usize, mask: __mmask16| {
            let column = columns.map(|column| _mm512_maskz_loadu_ps(mask, column.add(at)));
            for (sums, row) in sums.iter_mut().zip(rows) {
                let row = _mm512_maskz_loadu_ps(mask, row.add(at));
                for (sum, column) in sums.iter_mut().zip(column) {
                    *sum = _mm512_fmadd_ps(row, column, *sum);
                }
            }
        };
        let whole = k - k % 16;
        for at in (0..whole).step_by(16) {
            step(at, 0xffff);
        }
        // The remainder: masked lanes are zero and add nothing.
        if whole < k {
            step(whole, 0xffff >> (16 - k % 16));
        }
        // Reduce the 16 lanes of each sum, and store.
        for (i, sums) in sums.iter().enumerate().take(height) {
            let sum = |j: usize| if j < C { sums[j] } else { _mm512_setzero_ps() };
            let mut totals = [0.0; 8];
            _mm_storeu_ps(totals.as_mut_ptr(), totals_of_4([sum(0), sum(1), sum(2), sum(3)]));
            if C > 4 {
                _mm_storeu_ps(totals.as_mut_ptr().add(4), totals_of_4([sum(4), sum(5), sum(6), sum(7)]));
            }
            for (j, total) in totals.iter().enumerate().take(C) {
                let start = start.map_or(0.0, |start| start[left + j]);
                *c.add((top + i) * n + left + j) = start + total;
            }
        }
    }
}

/// The horizontal sums of four vectors.
#[target_feature(enable = "avx512f")]
fn totals_of_4([a, b, c, d]: [__m512; 4]) -> __m128 {
    // Interleave and add, within 128-bit quarters: each quarter of `quads` has that quarter's sums of (a, b, c, d).
    let pair = |x, y| _mm512_castps_pd(_mm512_add_ps(_mm512_unpacklo_ps(x, y), _mm512_unpackhi_ps(x, y)));
    let (ab, cd) = (pair(a, b), pair(c, d));
    let low = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
    let quads = _mm512_add_ps(low, _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
    // Then add the quarters.
    let [q0, q1, q2, q3] = [
        _mm512_castps512_ps128(quads),
        _mm512_extractf32x4_ps::<1>(quads),
        _mm512_extractf32x4_ps::<2>(quads),
        _mm512_extractf32x4_ps::<3>(quads),
    ];
    _mm_add_ps(_mm_add_ps(q0, q2), _mm_add_ps(q1, q3))
}
