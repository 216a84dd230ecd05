//! Reductions along rows, whose elements are contiguous: in lanes, which are combined at the end.

use crate::Float;
use crate::simd::vectorised;

/// The number of partial results of a row: the lanes of one or more vector registers.
const LANES: usize = 32;
/// Up to this many elements of a row are folded into the lanes in one pass; longer rows are split.
const ROW_BLOCK: usize = 16 * LANES;

/// Folds each row of `length` elements into one element of `results`.
pub(super) fn fold_rows<F: Float>(
    elements: &[F],
    length: usize,
    results: &mut [F],
    start: F,
    f: impl Fn(F, F) -> F + Copy,
) {
    vectorised(
        #[inline(always)]
        || {
            let pairs = results.iter_mut().zip(elements.chunks_exact(length));
            // Three separate loops: the compiler generates better code for each than for one loop with all cases.
            if length < LANES {
                for (y, row) in pairs {
                    *y = fold_short_row(row, start, f);
                }
            } else if length <= ROW_BLOCK {
                for (y, row) in pairs {
                    *y = fold_row_block(row, start, f);
                }
            } else {
                for (y, row) in pairs {
                    *y = fold_long_row(row, start, f);
                }
            }
        },
    );
}

/// Folds a row of any length.
#[inline(always)]
pub(crate) fn fold_row<F: Float>(row: &[F], start: F, f: impl Fn(F, F) -> F + Copy) -> F {
    match row.len() {
        0..LANES => fold_short_row(row, start, f),
        LANES..=ROW_BLOCK => fold_row_block(row, start, f),
        _ => fold_long_row(row, start, f),
    }
}

#[inline(always)]
fn fold_short_row<F: Float>(row: &[F], start: F, f: impl Fn(F, F) -> F) -> F {
    let mut y = start;
    for &x in row {
        y = f(y, x);
    }
    y
}

#[inline(always)]
fn fold_long_row<F: Float>(row: &[F], start: F, f: impl Fn(F, F) -> F + Copy) -> F {
    // Fold each block, then combine the partial results pairwise, level by level, in place.
    let mut partial = Vec::with_capacity(row.len().div_ceil(ROW_BLOCK));
    for block in row.chunks(ROW_BLOCK) {
        partial.push(fold_row_block(block, start, f));
    }
    while partial.len() > 1 {
        for i in 0..partial.len() / 2 {
            partial[i] = f(partial[2 * i], partial[2 * i + 1]);
        }
        // Without a partner, the last one moves up as it is.
        if partial.len() % 2 == 1 {
            let last = partial.len() / 2;
            partial[last] = partial[2 * last];
        }
        partial.truncate(partial.len().div_ceil(2));
    }
    partial[0]
}

/// Folds a row of at most [`ROW_BLOCK`] elements.
#[inline(always)]
fn fold_row_block<F: Float>(row: &[F], start: F, f: impl Fn(F, F) -> F) -> F {
    let mut lanes = [start; LANES];
    let (chunks, tail) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(tail) {
        *lane = f(*lane, x);
    }
    // Combine the lanes in a tree.
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}
