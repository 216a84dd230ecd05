//! Sums of shifted views of the same memory: the product at the heart of a convolution and of its transpose.
//!
//! It is computed in register tiles, for each instruction set with as many sums as its registers hold, and accumulated with
//! fused multiply-add where the machine has it, as in [`matmul2`](crate::matmul2).

use super::places::Places;
use crate::Float;
use crate::simd::{Level, Leveled, level};

/// Up to this many vectors are added one after the other; longer sums are sums of such blocks, so that the rounding error
/// stays small.
pub(super) const LONG: usize = 512;

/// The most rows that a tile may have.
fn most_rows() -> usize {
    if level() == Level::Avx512 { 9 } else { 6 }
}

/// Divides rows among tiles of about equal height.
pub(super) fn heights(rows: usize) -> Vec<usize> {
    let tiles = rows.div_ceil(most_rows());
    (0..tiles).map(|tile| rows / tiles + usize::from(tile < rows % tiles)).collect()
}

/// The elements that [`combine`] computes together, at most.
pub(super) const STRIP: usize = 32;

/// The rows of a product, and how they are divided into tiles.
pub(super) struct Rows<'a, F> {
    /// From [`heights`].
    pub(super) heights: &'a [usize],
    /// For each row, one weight for each offset, and what the row starts from.
    pub(super) weights: &'a [F],
}

/// `result[row][p] = start[row] + Σ weight[row][k]·source[offsets[k] + p]` for the first `count` positions `p`; where the
/// results go, `places` knows. `source` has a [`STRIP`] of elements after the last position; `strip` has room for one of each
/// row.
pub(super) fn combine<F: Float>(
    source: &[F],
    offsets: &[usize],
    rows: &Rows<'_, F>,
    count: usize,
    strip: &mut [F],
    places: Places<'_, F>,
) {
    assert!(offsets.iter().all(|offset| offset + count.next_multiple_of(STRIP) <= source.len()), "whole strips");
    F::leveled(Combine { source, offsets, rows, count, strip, places });
}

struct Combine<'a, F> {
    source: &'a [F],
    offsets: &'a [usize],
    rows: &'a Rows<'a, F>,
    count: usize,
    strip: &'a mut [F],
    places: Places<'a, F>,
}

impl<F: Float> Leveled for Combine<'_, F> {
    /// Strips of two vectors of positions, each for all rows: the part of the source that a strip reads stays in the cache.
    #[inline(always)]
    fn run<const LANES: usize, const ROWS: usize, const FUSED: bool>(self) {
        let Combine { source, offsets, rows, count, strip, mut places } = self;
        let (all, depth) = (rows.heights.iter().sum::<usize>(), offsets.len());
        for left in (0..count).step_by(2 * LANES) {
            if !places.wants(left + 2 * LANES) {
                continue;
            }
            let (to, pitch, placed) = match places.whole(left, left + 2 * LANES) {
                Some((to, pitch)) => (to, pitch, true),
                None => (&mut *strip, 2 * LANES, false),
            };
            let mut row = 0;
            for &height in rows.heights {
                let to = &mut to[row * pitch..];
                macro_rules! tile {
                    ($($rows:literal)*) => {
                        match height {
                            $($rows => {
                                let weights = &rows.weights[row * (depth + 1)..];
                                tile::<F, $rows, LANES, FUSED>(source, offsets, left, weights, to, pitch)
                            })*
                            _ => unreachable!("a height from `heights`"),
                        }
                    };
                }
                tile!(1 2 3 4 5 6 7 8 9);
                row += height;
            }
            if !placed {
                places.put::<LANES>(left, &strip[..all * 2 * LANES]);
            }
        }
    }
}

/// A register tile of `R` rows and two vectors of positions from `left`.
#[inline(always)]
fn tile<F: Float, const R: usize, const LANES: usize, const FUSED: bool>(
    source: &[F],
    offsets: &[usize],
    left: usize,
    weights: &[F],
    to: &mut [F],
    pitch: usize,
) {
    let depth = offsets.len();
    let (first, rest) = offsets.split_at(depth.min(LONG));
    let weights = |from: usize, count: usize| -> [&[F]; R] {
        std::array::from_fn(|row| &weights[row * (depth + 1) + from..][..count])
    };
    let start = weights(depth, 1);
    let mut sums = [[[F::zero(); LANES]; 2]; R];
    for row in 0..R {
        sums[row] = [[start[row][0]; LANES]; 2];
    }
    let sums = accumulated::<F, R, LANES, FUSED>(sums, &source[left..], first, weights(0, first.len()));
    store(&sums, to, pitch);
    for (number, offsets) in (1..).zip(rest.chunks(LONG)) {
        let sums = [[[F::zero(); LANES]; 2]; R];
        let weights = weights(number * LONG, offsets.len());
        let sums = accumulated::<F, R, LANES, FUSED>(sums, &source[left..], offsets, weights);
        for (row, sums) in sums.iter().enumerate() {
            to[row * pitch..].iter_mut().zip(sums.as_flattened()).for_each(|(to, &x)| *to += x);
        }
    }
}

/// The hot loop. By value, and without a panic in it: otherwise the sums would be kept in memory. The weights of each row in
/// a slice of their own: if the compiler knew how far apart they are, it might make vectors of those.
#[inline(always)]
fn accumulated<F: Float, const R: usize, const LANES: usize, const FUSED: bool>(
    mut sums: [[[F; LANES]; 2]; R],
    source: &[F],
    offsets: &[usize],
    weights: [&[F]; R],
) -> [[[F; LANES]; 2]; R] {
    for (k, &offset) in offsets.iter().enumerate() {
        let from = source.get(offset..).unwrap_or_default().as_chunks::<LANES>().0;
        // `combine` has checked.
        let Some(from) = from.first_chunk::<2>() else { return sums };
        for row in 0..R {
            for vector in 0..2 {
                multiply_add::<F, LANES, FUSED>([weights[row][k]; LANES], &from[vector], &mut sums[row][vector]);
            }
        }
    }
    sums
}

#[inline(always)]
fn store<F: Float, const R: usize, const LANES: usize>(sums: &[[[F; LANES]; 2]; R], to: &mut [F], pitch: usize) {
    for (row, sums) in sums.iter().enumerate() {
        for (vector, sums) in sums.iter().enumerate() {
            to[row * pitch + vector * LANES..][..LANES].copy_from_slice(sums);
        }
    }
}

#[inline(always)]
pub(super) fn multiply_add<F: Float, const LANES: usize, const FUSED: bool>(
    a: [F; LANES],
    b: &[F; LANES],
    sums: &mut [F; LANES],
) {
    for lane in 0..LANES {
        sums[lane] = if FUSED { a[lane].mul_add(b[lane], sums[lane]) } else { a[lane] * b[lane] + sums[lane] };
    }
}
