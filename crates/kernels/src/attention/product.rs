//! Products of small matrices that lie inside larger arrays, written into memory that is there already.
//!
//! The products of attention are too small for packing to pay, and there are many of them.

use crate::Float;
use crate::simd::{Level, level, vectorised};

/// The left operand, `[rows, inner]`.
#[derive(Clone, Copy)]
pub(super) enum Left<'a, F> {
    /// Its rows are contiguous, `step` elements apart.
    Rows { elements: &'a [F], step: usize },
    /// Its columns are.
    Columns { elements: &'a [F], step: usize },
}

/// The sizes of a product: `[rows, inner]·[inner, columns]`.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
}

/// `c = a·b`, or `c += a·b` to `add`. The rows of `b` are `step` elements apart, those of `c` are next to each other.
#[inline(never)]
pub(super) fn product<F: Float>(sizes: Sizes, a: Left<'_, F>, b: &[F], step: usize, c: &mut [F], add: bool) {
    if c.is_empty() {
        return;
    }
    if level() == Level::Baseline {
        // Without the instruction, a fused multiply-add is a call.
        return vectorised(
            #[inline(always)]
            || strips::<F, false>(sizes, a, b, step, c, add),
        );
    }
    vectorised(
        #[inline(always)]
        || strips::<F, true>(sizes, a, b, step, c, add),
    );
}

/// Strips of columns, as wide as fits.
#[inline(always)]
fn strips<F: Float, const FMA: bool>(sizes: Sizes, a: Left<'_, F>, b: &[F], step: usize, c: &mut [F], add: bool) {
    let mut column = 0;
    while sizes.columns - column >= 16 {
        strip::<F, FMA, 16>(sizes, a, b, step, c, column, add);
        column += 16;
    }
    while sizes.columns - column >= 4 {
        strip::<F, FMA, 4>(sizes, a, b, step, c, column, add);
        column += 4;
    }
    while sizes.columns > column {
        strip::<F, FMA, 1>(sizes, a, b, step, c, column, add);
        column += 1;
    }
}

#[inline(always)]
fn strip<F: Float, const FMA: bool, const COLUMNS: usize>(
    sizes: Sizes,
    a: Left<'_, F>,
    b: &[F],
    step: usize,
    c: &mut [F],
    column: usize,
    add: bool,
) {
    let mut row = 0;
    while sizes.rows - row >= 8 {
        tiles::<F, FMA, 8, COLUMNS>(sizes, a, b, step, c, [row, column], add);
        row += 8;
    }
    while sizes.rows > row {
        tiles::<F, FMA, 1, COLUMNS>(sizes, a, b, step, c, [row, column], add);
        row += 1;
    }
}

#[inline(always)]
fn tiles<F: Float, const FMA: bool, const ROWS: usize, const COLUMNS: usize>(
    sizes: Sizes,
    a: Left<'_, F>,
    b: &[F],
    step: usize,
    c: &mut [F],
    [row, column]: [usize; 2],
    add: bool,
) {
    let mut sums = [[F::zero(); COLUMNS]; ROWS];
    if add {
        for (i, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&c[(row + i) * sizes.columns + column..][..COLUMNS]);
        }
    }
    match a {
        Left::Rows { elements, step: a_step } => {
            let rows: [&[F]; ROWS] = std::array::from_fn(
                #[inline(always)]
                |i| &elements[(row + i) * a_step..][..sizes.inner],
            );
            for l in 0..sizes.inner {
                let left = std::array::from_fn(
                    #[inline(always)]
                    |i| rows[i][l],
                );
                accumulate::<F, FMA, ROWS, COLUMNS>(&mut sums, left, &b[l * step + column..]);
            }
        }
        Left::Columns { elements, step: a_step } => {
            for l in 0..sizes.inner {
                let left = *elements[l * a_step + row..].first_chunk::<ROWS>().expect("inside the matrix");
                accumulate::<F, FMA, ROWS, COLUMNS>(&mut sums, left, &b[l * step + column..]);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        c[(row + i) * sizes.columns + column..][..COLUMNS].copy_from_slice(sums);
    }
}

/// Adds the outer product of a column of `a` and a part of a row of `b`.
#[inline(always)]
fn accumulate<F: Float, const FMA: bool, const ROWS: usize, const COLUMNS: usize>(
    sums: &mut [[F; COLUMNS]; ROWS],
    left: [F; ROWS],
    right: &[F],
) {
    let right = right.first_chunk::<COLUMNS>().expect("inside the matrix");
    for (sums, a) in sums.iter_mut().zip(left) {
        for (sum, &b) in sums.iter_mut().zip(right) {
            *sum = if FMA { a.mul_add(b, *sum) } else { *sum + a * b };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tested_at;

    /// Integers, so that any order of summation is exact.
    fn sample(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * i * 7 % 11) as f32 - 4.0).collect()
    }

    #[test]
    fn every_remainder_and_level() {
        for (rows, inner, columns) in [(1, 1, 1), (8, 3, 16), (9, 5, 21), (17, 0, 3), (3, 33, 37), (0, 2, 2), (2, 2, 0)]
        {
            let sizes = Sizes { rows, inner, columns };
            let (a, b, start) = (
                sample(rows * (inner + 2) + inner * (rows + 1)),
                sample(inner * (columns + 3)),
                sample(rows * columns),
            );
            let by_rows = Left::Rows { elements: &a, step: inner + 2 };
            let by_columns = Left::Columns { elements: &a, step: rows + 1 };
            for (left, add) in [(by_rows, true), (by_rows, false), (by_columns, true), (by_columns, false)] {
                let at = |i: usize, l: usize| match left {
                    Left::Rows { elements, step } => elements[i * step + l],
                    Left::Columns { elements, step } => elements[l * step + i],
                };
                let expected: Vec<f32> = (0..rows * columns)
                    .map(|at_c| {
                        let (i, j) = (at_c / columns, at_c % columns);
                        let sum: f32 = (0..inner).map(|l| at(i, l) * b[l * (columns + 3) + j]).sum();
                        sum + if add { start[at_c] } else { 0.0 }
                    })
                    .collect();
                for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                    let mut c = start.clone();
                    tested_at(level, || product(sizes, left, &b, columns + 3, &mut c, add));
                    assert_eq!(c, expected, "{rows} {inner} {columns} {add} {level:?}");
                }
            }
        }
    }
}
