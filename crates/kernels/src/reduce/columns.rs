//! Reductions down columns: whole rows are combined, element by element.

use crate::Float;
use crate::simd::vectorised;

/// Up to this many rows are folded in one pass; more are split in two.
const COLUMN_BLOCK: usize = 128;

/// Folds each block of `length` rows of `width` elements down its columns, into one row of `results`, which the caller
/// has filled with `start`.
pub(super) fn fold_columns<F: Float>(
    elements: &[F],
    length: usize,
    width: usize,
    results: &mut [F],
    start: F,
    f: impl Fn(F, F) -> F + Copy,
) {
    // One row of scratch memory for each level of the recursion.
    let halvings = length.div_ceil(COLUMN_BLOCK).next_power_of_two().ilog2() as usize;
    let mut scratch = vec![start; halvings * width];
    for (y, block) in results.chunks_exact_mut(width).zip(elements.chunks_exact(length * width)) {
        fold_long_columns(block, y, &mut scratch, start, f);
    }
}

/// Folds the rows into `y`. `scratch` has one row for each level of the recursion.
fn fold_long_columns<F: Float>(rows: &[F], y: &mut [F], scratch: &mut [F], start: F, f: impl Fn(F, F) -> F + Copy) {
    let (width, length) = (y.len(), rows.len() / y.len());
    if length <= COLUMN_BLOCK {
        return vectorised(
            #[inline(always)]
            || fold_column_block(rows, y, f),
        );
    }
    // Pairwise: fold two parts separately, then combine them. The top part has a power of two of blocks.
    let blocks = length.div_ceil(COLUMN_BLOCK);
    let (top, bottom) = rows.split_at(blocks.next_power_of_two() / 2 * COLUMN_BLOCK * width);
    let (below, scratch) = scratch.split_at_mut(width);
    below.fill(start);
    fold_long_columns(top, y, scratch, start, f);
    fold_long_columns(bottom, below, scratch, start, f);
    for (y, &below) in y.iter_mut().zip(&*below) {
        *y = f(*y, below);
    }
}

/// Folds a block into `y`, eight rows at a time: a tree within the eight, so that `y` is read and written once for all.
#[inline(always)]
fn fold_column_block<F: Float>(rows: &[F], y: &mut [F], f: impl Fn(F, F) -> F) {
    let width = y.len();
    let eights = rows.chunks_exact(8 * width);
    let tail = eights.remainder();
    for eight in eights {
        let row = |i: usize| &eight[i * width..(i + 1) * width];
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        let (r4, r5, r6, r7) = (row(4), row(5), row(6), row(7));
        for i in 0..width {
            let upper = f(f(r0[i], r1[i]), f(r2[i], r3[i]));
            let lower = f(f(r4[i], r5[i]), f(r6[i], r7[i]));
            y[i] = f(y[i], f(upper, lower));
        }
    }
    for row in tail.chunks_exact(width) {
        for (y, &x) in y.iter_mut().zip(row) {
            *y = f(*y, x);
        }
    }
}
