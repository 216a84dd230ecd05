//! The two products at the heart of all convolutions, both with rows that are shifted views of the same memory.
//!
//! They are computed in register tiles, for each instruction set with as many sums as its registers hold. A product is
//! accumulated with fused multiply-add where the machine has it, as in [`matmul2`](crate::matmul2).

use std::ops::Range;

use crate::Float;
use crate::simd::{Level, Leveled, level};

/// Up to this many vectors are added one after the other; longer sums are sums of such blocks, so that the rounding error
/// stays small.
pub(super) const LONG: usize = 512;

/// The most rows that a tile of [`combine`] may have.
fn most_rows() -> usize {
    if level() == Level::Avx512 { 9 } else { 6 }
}

/// Divides rows among tiles of about equal height.
pub(super) fn heights(rows: usize) -> Vec<usize> {
    let tiles = rows.div_ceil(most_rows());
    (0..tiles).map(|tile| rows / tiles + usize::from(tile < rows % tiles)).collect()
}

/// The rows of a product, and how they are divided into tiles.
pub(super) struct Rows<'a, F> {
    /// From [`heights`].
    pub(super) heights: &'a [usize],
    /// For each row, one weight for each offset.
    pub(super) weights: &'a [F],
    /// What every row starts from.
    pub(super) start: &'a [F],
}

/// `results[row][p] = start[row] + Σ weight[row][k]·source[offsets[k] + p]` for the first `count` positions `p`; the rows of
/// the results are `pitch` apart, and what follows their first `count` elements is arbitrary. The pitch is a multiple of 32
/// and at least `count`, and `source` has as many elements after the last position.
pub(super) fn combine<F: Float>(
    source: &[F],
    offsets: &[usize],
    rows: &Rows<'_, F>,
    results: &mut [F],
    [count, pitch]: [usize; 2],
) {
    assert!(pitch.is_multiple_of(32) && count <= pitch, "whole vectors");
    assert!(offsets.iter().all(|offset| offset + pitch <= source.len()), "the source has whole vectors");
    F::leveled(Combine { source, offsets, rows, results, count, pitch });
}

struct Combine<'a, F> {
    source: &'a [F],
    offsets: &'a [usize],
    rows: &'a Rows<'a, F>,
    results: &'a mut [F],
    count: usize,
    pitch: usize,
}

impl<F: Float> Leveled for Combine<'_, F> {
    /// Strips of two vectors of positions, each for all rows: the part of the source that a strip reads stays in the cache.
    #[inline(always)]
    fn run<const LANES: usize, const ROWS: usize, const FUSED: bool>(self) {
        let Combine { source, offsets, rows, results, count, pitch } = self;
        for left in (0..count).step_by(2 * LANES) {
            let mut row = 0;
            for &height in rows.heights {
                let weights = &rows.weights[row * offsets.len()..];
                let (start, results) = (&rows.start[row..], &mut results[row * pitch + left..]);
                macro_rules! tile {
                    ($($rows:literal)*) => {
                        match height {
                            $($rows => tile::<F, $rows, LANES, FUSED>(source, offsets, left, weights, start, results, pitch),)*
                            _ => unreachable!("a height from `heights`"),
                        }
                    };
                }
                tile!(1 2 3 4 5 6 7 8 9);
                row += height;
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
    start: &[F],
    results: &mut [F],
    pitch: usize,
) {
    let start: &[F; R] = start.first_chunk().expect("a start for each row");
    let mut sums = start.map(|start| [[start; LANES]; 2]);
    let all = offsets.len();
    for (number, offsets) in offsets.chunks(LONG).enumerate() {
        if number > 0 {
            // What was summed so far waits in memory.
            store(&sums, results, pitch);
            sums = [[[F::zero(); LANES]; 2]; R];
        }
        let weights = std::array::from_fn(|row| &weights[row * all + number * LONG..][..offsets.len()]);
        sums = accumulated::<F, R, LANES, FUSED>(sums, &source[left..], offsets, weights);
        if number > 0 {
            for (row, sums) in sums.iter_mut().enumerate() {
                let before = &results[row * pitch..];
                sums.as_flattened_mut().iter_mut().zip(before).for_each(|(sum, &x)| *sum += x);
            }
        }
    }
    store(&sums, results, pitch);
}

/// The hot loop. By value, and without a panic in it: otherwise the sums would be kept in memory. The weights of each row in
/// a slice of their own: if they were side by side, the compiler might make vectors of those.
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
fn store<F: Float, const R: usize, const LANES: usize>(sums: &[[[F; LANES]; 2]; R], results: &mut [F], pitch: usize) {
    for (row, sums) in sums.iter().enumerate() {
        for (vector, sums) in sums.iter().enumerate() {
            results[row * pitch + vector * LANES..][..LANES].copy_from_slice(sums);
        }
    }
}

#[inline(always)]
fn multiply_add<F: Float, const LANES: usize, const FUSED: bool>(a: [F; LANES], b: &[F; LANES], sums: &mut [F; LANES]) {
    for lane in 0..LANES {
        sums[lane] = if FUSED { a[lane].mul_add(b[lane], sums[lane]) } else { a[lane] * b[lane] + sums[lane] };
    }
}

/// `sums[row][k] += Σ left[row][p]·right[offsets[k] + p]` over the first `count` positions `p`, a multiple of 16; the rows of
/// `left` are `count` apart. `right` has as many elements after the last position.
pub(super) fn contract<F: Float>(left: &[F], count: usize, right: &[F], offsets: &[usize], sums: &mut [F]) {
    assert!(count.is_multiple_of(16), "whole vectors");
    F::leveled(Contract { left, count, right, offsets, sums });
}

struct Contract<'a, F> {
    left: &'a [F],
    count: usize,
    right: &'a [F],
    offsets: &'a [usize],
    sums: &'a mut [F],
}

/// The most offsets of a tile of [`contract`].
const WIDTH: usize = 6;

impl<F: Float> Leveled for Contract<'_, F> {
    /// Tiles of `ROWS` rows, or one, and up to six offsets.
    #[inline(always)]
    fn run<const LANES: usize, const ROWS: usize, const FUSED: bool>(self) {
        let Contract { left, count, right, offsets, sums } = self;
        let rows = sums.len() / offsets.len().max(1);
        let across = offsets.len().div_ceil(WIDTH);
        let mut row = 0;
        while row < rows {
            let height = if rows - row >= ROWS { ROWS } else { 1 };
            let (left, sums) = (&left[row * count..], &mut sums[row * offsets.len()..]);
            let mut from = 0;
            for tile in 0..across {
                let width = offsets.len() / across + usize::from(tile < offsets.len() % across);
                let these = &offsets[from..from + width];
                for block in (0..count).step_by(LONG * LANES) {
                    let block = block..count.min(block + LONG * LANES);
                    macro_rules! tile {
                        ($($columns:literal)*) => {
                            match (height, width) {
                                $((1, $columns) => {
                                    let found = totals::<F, 1, $columns, LANES, FUSED>(left, count, right, these, block);
                                    add_totals(&found, &mut sums[from..], offsets.len());
                                })*
                                $((_, $columns) => {
                                    let found = totals::<F, ROWS, $columns, LANES, FUSED>(left, count, right, these, block);
                                    add_totals(&found, &mut sums[from..], offsets.len());
                                })*
                                _ => unreachable!("at most {WIDTH} columns"),
                            }
                        };
                    }
                    tile!(1 2 3 4 5 6);
                }
                from += width;
            }
            row += height;
        }
    }
}

/// Adds the sum of the lanes of every vector, summed in halves. Not inlined: otherwise the compiler rearranges the lanes in
/// the hot loop for this.
#[inline(never)]
fn add_totals<F: Float, const C: usize, const LANES: usize>(totals: &[[[F; LANES]; C]], sums: &mut [F], pitch: usize) {
    for (row, totals) in totals.iter().enumerate() {
        for (&(mut lanes), sum) in totals.iter().zip(&mut sums[row * pitch..]) {
            let mut half = LANES / 2;
            while half > 0 {
                for lane in 0..half {
                    lanes[lane] += lanes[lane + half];
                }
                half /= 2;
            }
            *sum += lanes[0];
        }
    }
}

/// The inner products of `R` rows with `C` shifted views, one sum per lane.
#[inline(always)]
fn totals<F: Float, const R: usize, const C: usize, const LANES: usize, const FUSED: bool>(
    left: &[F],
    pitch: usize,
    right: &[F],
    offsets: &[usize],
    block: Range<usize>,
) -> [[[F; LANES]; C]; R] {
    let steps = block.len() / LANES;
    let rows: [&[[F; LANES]]; R] =
        std::array::from_fn(|row| &left[row * pitch + block.start..].as_chunks::<LANES>().0[..steps]);
    let columns: [&[[F; LANES]]; C] =
        std::array::from_fn(|column| &right[offsets[column] + block.start..].as_chunks::<LANES>().0[..steps]);
    let mut sums = [[[F::zero(); LANES]; C]; R];
    for step in 0..steps {
        for row in 0..R {
            for column in 0..C {
                multiply_add::<F, LANES, FUSED>(rows[row][step], &columns[column][step], &mut sums[row][column]);
            }
        }
    }
    sums
}
