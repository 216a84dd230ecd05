//! Inner products with shifted views of the same memory: the product at the heart of the gradient of a weight.
//!
//! As [`combine`](super::combine), in register tiles.

use std::ops::Range;

use super::combine::{LONG, multiply_add};
use crate::Float;
use crate::simd::Leveled;

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
