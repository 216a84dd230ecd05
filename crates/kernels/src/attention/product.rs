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
        eight_rows::<F, FMA, COLUMNS>(sizes, a, b, step, c, [row, column], add);
        row += 8;
    }
    while sizes.rows > row {
        one_row::<F, FMA, COLUMNS>(sizes, a, b, step, c, [row, column], add);
        row += 1;
    }
}

/// The sums of eight rows are in variables of their own: in an array of arrays, the compiler would keep them in memory, and
/// gather and scatter them.
#[inline(always)]
fn eight_rows<F: Float, const FMA: bool, const COLUMNS: usize>(
    sizes: Sizes,
    a: Left<'_, F>,
    b: &[F],
    right_step: usize,
    c: &mut [F],
    [row, column]: [usize; 2],
    add: bool,
) {
    let zero = [F::zero(); COLUMNS];
    let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
    let (mut s4, mut s5, mut s6, mut s7) = (zero, zero, zero, zero);
    match a {
        Left::Rows { elements, step } => {
            let of = |i: usize| &elements[(row + i) * step..][..sizes.inner];
            let (a0, a1, a2, a3, a4, a5, a6, a7) = (of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7));
            for l in 0..sizes.inner {
                let b = part_of_row::<F, COLUMNS>(b, l * right_step + column);
                accumulate::<F, FMA, COLUMNS>(&mut s0, a0[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s1, a1[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s2, a2[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s3, a3[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s4, a4[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s5, a5[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s6, a6[l], b);
                accumulate::<F, FMA, COLUMNS>(&mut s7, a7[l], b);
            }
        }
        Left::Columns { elements, step } => {
            for l in 0..sizes.inner {
                let b = part_of_row::<F, COLUMNS>(b, l * right_step + column);
                let [a0, a1, a2, a3, a4, a5, a6, a7] = *part_of_row::<F, 8>(elements, l * step + row);
                accumulate::<F, FMA, COLUMNS>(&mut s0, a0, b);
                accumulate::<F, FMA, COLUMNS>(&mut s1, a1, b);
                accumulate::<F, FMA, COLUMNS>(&mut s2, a2, b);
                accumulate::<F, FMA, COLUMNS>(&mut s3, a3, b);
                accumulate::<F, FMA, COLUMNS>(&mut s4, a4, b);
                accumulate::<F, FMA, COLUMNS>(&mut s5, a5, b);
                accumulate::<F, FMA, COLUMNS>(&mut s6, a6, b);
                accumulate::<F, FMA, COLUMNS>(&mut s7, a7, b);
            }
        }
    }
    for (i, sums) in [s0, s1, s2, s3, s4, s5, s6, s7].iter().enumerate() {
        store(sums, &mut c[(row + i) * sizes.columns + column..], add);
    }
}

#[inline(always)]
fn one_row<F: Float, const FMA: bool, const COLUMNS: usize>(
    sizes: Sizes,
    a: Left<'_, F>,
    b: &[F],
    step: usize,
    c: &mut [F],
    [row, column]: [usize; 2],
    add: bool,
) {
    let (elements, start, between) = match a {
        Left::Rows { elements, step } => (elements, row * step, 1),
        Left::Columns { elements, step } => (elements, row, step),
    };
    let mut sums = [F::zero(); COLUMNS];
    for l in 0..sizes.inner {
        let b = part_of_row::<F, COLUMNS>(b, l * step + column);
        accumulate::<F, FMA, COLUMNS>(&mut sums, elements[start + l * between], b);
    }
    store(&sums, &mut c[row * sizes.columns + column..], add);
}

#[inline(always)]
fn part_of_row<F, const COUNT: usize>(elements: &[F], start: usize) -> &[F; COUNT] {
    elements[start..].first_chunk().expect("inside the matrix")
}

/// Adds a multiple of a row.
#[inline(always)]
fn accumulate<F: Float, const FMA: bool, const COLUMNS: usize>(sums: &mut [F; COLUMNS], a: F, row: &[F; COLUMNS]) {
    for (sum, &b) in sums.iter_mut().zip(row) {
        *sum = if FMA { a.mul_add(b, *sum) } else { *sum + a * b };
    }
}

#[inline(always)]
fn store<F: Float>(sums: &[F], c: &mut [F], add: bool) {
    let c = &mut c[..sums.len()];
    if !add {
        return c.copy_from_slice(sums);
    }
    for (c, &sum) in c.iter_mut().zip(sums) {
        *c += sum;
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
