//! The two products of convolutions for `f32`, with AVX-512: register tiles of 8 × 3 vectors.
//!
//! A vector that begins anywhere straddles two cache lines and takes two loads, so a tile is higher than it is wide: for 24
//! fused multiply-adds, 14 loads. The results are compressed in a register, which drops the padding, and stored where they
//! belong.
//!
//! Compared with the kernels for any instruction set (`tiles.rs`), on the convolutions of network F (64 images, 3 × 3), in µs
//! (the fastest of `cargo bench -p downhill-benches --bench network_f`):
//!
//! | | `tiles.rs` | here | at the peak of the multiply-adds |
//! |---|---|---|---|
//! | 1 to 16 channels, 28 × 28: forward | 995 | 278 | 81 |
//! | 16 to 32 channels, 14 × 14: forward | 1273 | 905 | 653 |
//! | its gradient of the images | 1161 | 960 | 653 |
//! | its gradient of the weight | 1280 | 1066 | 653 |
//!
//! The tiles run at nine tenths of the peak; a sixth of their positions are padding.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::strips::{Pieces, Strips, heights};
use super::tiles::LONG;
use crate::simd::{Level, level};
use crate::written_out::written_out;

/// The most rows of a tile.
pub(crate) const ROWS: usize = 8;
/// The vectors of positions of a tile of [`combine`], and the most offsets of a tile of [`contract`].
pub(crate) const VECTORS: usize = 3;

type Sums<const R: usize, const C: usize> = [[__m512; C]; R];

/// `results[row][p] = start[row] + Σ weight[row][k]·source[offsets[k] + p]` for all positions `p` that have a place.
pub(crate) fn combine(strips: &Strips<'_, f32>, results: &mut [f32]) {
    let &Strips { source, offsets, weights, start, pieces, plane } = strips;
    let positions = pieces.vectors().next_multiple_of(VECTORS) * 16;
    assert!(level() == Level::Avx512, "the machine has the instructions");
    assert!(offsets.iter().all(|offset| offset + positions <= source.len()), "whole strips of the source");
    assert!(weights.len() == start.len() * offsets.len(), "a weight for each row and offset");
    assert!(start.len().saturating_sub(1) * plane + pieces.reach() <= results.len(), "places in the results");
    for strip in (0..pieces.vectors()).step_by(VECTORS) {
        let mut row = 0;
        for height in heights(start.len(), ROWS) {
            let (weights, start) = (&weights[row * offsets.len()..], &start[row..]);
            // SAFETY: the machine has AVX-512. The assertions above: the strip is inside the source for every offset; the
            // tile's weights and starts follow; the last place of the last row is inside the results.
            unsafe {
                let source = source.as_ptr().add(strip * 16);
                let results = results.as_mut_ptr().add(row * plane);
                let tile = COMBINE[height - 1];
                tile(source, offsets, weights.as_ptr(), start.as_ptr(), (pieces, strip), (results, plane));
            }
            row += height;
        }
    }
}

type Combine = unsafe fn(*const f32, &[usize], *const f32, *const f32, (&Pieces, usize), (*mut f32, usize));

/// Indexed by the number of rows minus one.
const COMBINE: [Combine; ROWS] =
    [strip::<1>, strip::<2>, strip::<3>, strip::<4>, strip::<5>, strip::<6>, strip::<7>, strip::<8>];

/// `R` rows of the results at three vectors of positions.
///
/// # Safety
/// The machine has AVX-512 F. `source` is valid for three vectors at every offset; `weights` for `R` elements for each
/// offset, `start` for `R`, `results` for all places of these vectors in `R` rows, which are `plane` apart.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
unsafe fn strip<const R: usize>(
    source: *const f32,
    offsets: &[usize],
    mut weights: *const f32,
    start: *const f32,
    (pieces, first): (&Pieces, usize),
    (results, plane): (*mut f32, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut totals: Sums<R, VECTORS> = std::array::from_fn(|row| [_mm512_set1_ps(*start.add(row)); VECTORS]);
        let mut blocks = offsets.chunks(LONG);
        if let Some(offsets) = blocks.next() {
            totals = accumulated(totals, source, offsets, weights);
            weights = weights.add(R * offsets.len());
        }
        for offsets in blocks {
            let sums = accumulated([[_mm512_setzero_ps(); VECTORS]; R], source, offsets, weights);
            for (totals, sums) in totals.iter_mut().zip(sums) {
                for (total, sum) in totals.iter_mut().zip(sums) {
                    *total = _mm512_add_ps(*total, sum);
                }
            }
            weights = weights.add(R * offsets.len());
        }
        written_out!(vector in [0 1 2] if vector < VECTORS {
            for piece in pieces.of(first + vector) {
                let lanes = (0xffff_u32 >> (16 - piece.lanes.count_ones())) as u16;
                let to = results.add(piece.to);
                for (row, sums) in totals.iter().enumerate() {
                    let results = _mm512_maskz_compress_ps(piece.lanes, sums[vector]);
                    _mm512_mask_storeu_ps(to.add(row * plane), lanes, results);
                }
            }
        });
    }
}

/// The hot loop of [`combine`]: for each offset, three loads, `R` broadcasts and `3·R` fused multiply-adds.
///
/// # Safety
/// As for [`strip`].
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
unsafe fn accumulated<const R: usize>(
    mut sums: Sums<R, VECTORS>,
    source: *const f32,
    offsets: &[usize],
    mut weights: *const f32,
) -> Sums<R, VECTORS> {
    for &offset in offsets {
        // SAFETY: the caller's promise. Pointers are advanced past the last weight without being read.
        unsafe {
            let from = source.wrapping_add(offset);
            let [a, b, c] = [0, 16, 32].map(|first| _mm512_loadu_ps(from.wrapping_add(first)));
            written_out!(row in [0 1 2 3 4 5 6 7] if row < R {
                let weight = _mm512_broadcastss_ps(_mm_load_ss(weights.wrapping_add(row)));
                sums[row][0] = _mm512_fmadd_ps(weight, a, sums[row][0]);
                sums[row][1] = _mm512_fmadd_ps(weight, b, sums[row][1]);
                sums[row][2] = _mm512_fmadd_ps(weight, c, sums[row][2]);
            });
        }
        weights = weights.wrapping_add(R);
    }
    sums
}

/// `sums[row][k] += Σ left[row][p]·right[offsets[k] + p]` over the first `count` positions `p`, a multiple of 16; the rows of
/// `left` are `count` apart.
pub(crate) fn contract(left: &[f32], count: usize, right: &[f32], offsets: &[usize], sums: &mut [f32]) {
    let rows = sums.len() / offsets.len();
    assert!(level() == Level::Avx512, "the machine has the instructions");
    assert!(count.is_multiple_of(16) && rows * count <= left.len(), "whole vectors of the rows");
    assert!(offsets.iter().all(|offset| offset + count <= right.len()), "whole vectors at every offset");
    let mut row = 0;
    for height in heights(rows, ROWS) {
        for (number, offsets_of_tile) in offsets.chunks(VECTORS).enumerate() {
            let columns = std::array::from_fn(|column| {
                let offset = offsets_of_tile.get(column).copied().unwrap_or(offsets_of_tile[0]);
                &raw const right[offset]
            });
            let sums = &mut sums[row * offsets.len() + number * VECTORS..];
            let tile = CONTRACT[offsets_of_tile.len() - 1][height - 1];
            // SAFETY: the machine has AVX-512, and the assertions above: the rows and the columns are valid for `count`
            // elements.
            unsafe { tile((left.as_ptr().add(row * count), count), columns, (sums, offsets.len())) };
        }
        row += height;
    }
}

type Contract = unsafe fn((*const f32, usize), [*const f32; VECTORS], (&mut [f32], usize));

/// Indexed by the number of offsets minus one and the number of rows minus one.
#[rustfmt::skip]
const CONTRACT: [[Contract; ROWS]; VECTORS] = [
    [dots::<1, 1>, dots::<2, 1>, dots::<3, 1>, dots::<4, 1>, dots::<5, 1>, dots::<6, 1>, dots::<7, 1>, dots::<8, 1>],
    [dots::<1, 2>, dots::<2, 2>, dots::<3, 2>, dots::<4, 2>, dots::<5, 2>, dots::<6, 2>, dots::<7, 2>, dots::<8, 2>],
    [dots::<1, 3>, dots::<2, 3>, dots::<3, 3>, dots::<4, 3>, dots::<5, 3>, dots::<6, 3>, dots::<7, 3>, dots::<8, 3>],
];

/// Adds the inner products of `R` rows and `C` columns, which have `count` elements, to the sums.
///
/// # Safety
/// The machine has AVX-512 F, and the pointers are valid for that.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
unsafe fn dots<const R: usize, const C: usize>(
    (left, count): (*const f32, usize),
    columns: [*const f32; VECTORS],
    (sums, pitch): (&mut [f32], usize),
) {
    // SAFETY: the caller's promise.
    let totals: Sums<R, C> = unsafe { products((left, count), columns) };
    for (row, totals) in totals.iter().enumerate() {
        for (sum, &total) in sums[row * pitch..].iter_mut().zip(totals) {
            *sum += _mm512_reduce_add_ps(total);
        }
    }
}

/// The hot loop of [`contract`].
///
/// # Safety
/// As for [`dots`].
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
unsafe fn products<const R: usize, const C: usize>(
    (left, count): (*const f32, usize),
    mut columns: [*const f32; VECTORS],
) -> Sums<R, C> {
    let mut sums = [[_mm512_setzero_ps(); C]; R];
    // As in the tiles of matrix products: pointers to every third row, the others are reached by the addressing mode.
    let mut thirds: [*const f32; ROWS.div_ceil(3)] = std::array::from_fn(|third| left.wrapping_add(3 * third * count));
    let steps = [0, count, count.wrapping_mul(2)];
    for _ in 0..count / 16 {
        // SAFETY: the caller's promise; pointers are advanced past the end without being read.
        unsafe {
            let right: [__m512; VECTORS] = columns.map(|column| _mm512_loadu_ps(column));
            written_out!(row in [0 1 2 3 4 5 6 7] if row < R {
                let left = _mm512_loadu_ps(thirds[row / 3].wrapping_add(steps[row % 3]));
                written_out!(column in [0 1 2] if column < C {
                    sums[row][column] = _mm512_fmadd_ps(left, right[column], sums[row][column]);
                });
            });
        }
        thirds = thirds.map(|row| row.wrapping_add(16));
        columns = columns.map(|column| column.wrapping_add(16));
    }
    sums
}
