//! Weighted sums of runs of neighbours along an axis, and the transpose, which adds every term to its run.
//!
//! The arrays are row-major: blocks of `size` rows of `width` elements each.

use crate::simd::vectorised;
use crate::{Float, RunningSum};

/// Neighbours along an axis, with their weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run<F> {
    /// The first position.
    pub first: usize,
    /// How many positions there are.
    pub count: usize,
    /// The weights of two positions; without them all weights are 1.
    pub weights: Option<[F; 2]>,
}

/// Sums of more terms than this are compensated: their rounding errors would add up.
const PLAIN: usize = 64;

/// For every block of `size` rows of `x`, one row of `y` for each run: the weighted sum of the run's rows. `y` must be 0.
///
/// # Panics
/// If a run is not inside the axis.
pub fn sum_runs<F: Float>(x: &[F], [size, width]: [usize; 2], runs: &[Run<F>], y: &mut [F]) {
    if width == 1 && runs.iter().all(|run| run.count == 1) {
        return take(x, size, runs, y);
    }
    vectorised(
        #[inline(always)]
        || {
            // `max(1)`: `chunks_exact` panics on 0, and without elements there is nothing to do.
            let results = y.chunks_exact_mut((runs.len() * width).max(1));
            for (block, y) in x.chunks_exact((size * width).max(1)).zip(results) {
                if width == 1 {
                    for (run, y) in runs.iter().zip(y) {
                        *y = sum(&block[run.first..][..run.count], run.weights);
                    }
                } else {
                    for (run, y) in runs.iter().zip(y.chunks_exact_mut(width)) {
                        sum_rows(&block[run.first * width..][..run.count * width], run.weights, y);
                    }
                }
            }
        },
    );
}

/// [`sum_runs`] of single elements along the last axis: padding and the nearest elements.
fn take<F: Float>(x: &[F], size: usize, runs: &[Run<F>], y: &mut [F]) {
    let places: Vec<usize> = runs.iter().map(|run| run.first).collect();
    for (block, y) in x.chunks_exact(size.max(1)).zip(y.chunks_exact_mut(runs.len().max(1))) {
        y.iter_mut().zip(&places).for_each(|(y, &place)| *y = block[place]);
    }
}

#[inline(always)]
fn sum<F: Float>(x: &[F], weights: Option<[F; 2]>) -> F {
    match (x, weights) {
        (&[a, b], Some(weights)) => weights[0] * a + weights[1] * b,
        (&[a, b], None) => a + b,
        (&[a], _) => a,
        _ if x.len() <= PLAIN => x.iter().fold(F::zero(), |sum, &x| sum + x),
        _ => compensated(x.iter()),
    }
}

fn compensated<'a, F: Float>(terms: impl Iterator<Item = &'a F>) -> F {
    let mut sum = RunningSum::new(F::zero());
    terms.for_each(|&x| sum.add(x));
    sum.total()
}

#[inline(always)]
fn sum_rows<F: Float>(rows: &[F], weights: Option<[F; 2]>, y: &mut [F]) {
    let width = y.len();
    if let Some(weights) = weights {
        let (a, b) = rows.split_at(width);
        for (y, (&a, &b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = weights[0] * a + weights[1] * b;
        }
    } else if rows.len() <= PLAIN * width {
        let mut rows = rows.chunks_exact(width);
        if let Some(first) = rows.next() {
            y.copy_from_slice(first);
        }
        for row in rows {
            y.iter_mut().zip(row).for_each(|(y, &x)| *y += x);
        }
    } else {
        for (column, y) in y.iter_mut().enumerate() {
            *y = compensated(rows[column..].iter().step_by(width));
        }
    }
}

/// The transpose of [`sum_runs`]: adds every row of `y`, times its weights, to the rows of its run in `x`, which must be 0.
///
/// # Panics
/// If a run is not inside the axis.
pub fn spread_runs<F: Float>(y: &[F], [size, width]: [usize; 2], runs: &[Run<F>], x: &mut [F]) {
    if overlaps(size, runs) > PLAIN {
        return spread_compensated(y, [size, width], runs, x);
    }
    vectorised(
        #[inline(always)]
        || {
            let sources = y.chunks_exact((runs.len() * width).max(1));
            for (y, block) in sources.zip(x.chunks_exact_mut((size * width).max(1))) {
                if width == 1 {
                    for (run, &y) in runs.iter().zip(y) {
                        spread(&mut block[run.first..][..run.count], run.weights, y);
                    }
                    continue;
                }
                for (run, y) in runs.iter().zip(y.chunks_exact(width)) {
                    let rows = block[run.first * width..][..run.count * width].chunks_exact_mut(width);
                    for (row, weight) in rows.zip(weights(run)) {
                        row.iter_mut().zip(y).for_each(|(x, &y)| *x += weight * y);
                    }
                }
            }
        },
    );
}

#[inline(always)]
fn spread<F: Float>(x: &mut [F], weights: Option<[F; 2]>, y: F) {
    match (x, weights) {
        ([a, b], Some(weights)) => {
            *a += weights[0] * y;
            *b += weights[1] * y;
        }
        (x, _) => x.iter_mut().for_each(|x| *x += y),
    }
}

fn spread_compensated<F: Float>(y: &[F], [size, width]: [usize; 2], runs: &[Run<F>], x: &mut [F]) {
    let mut sums = Vec::new();
    let sources = y.chunks_exact((runs.len() * width).max(1));
    for (y, block) in sources.zip(x.chunks_exact_mut((size * width).max(1))) {
        sums.clear();
        sums.resize(block.len(), RunningSum::new(F::zero()));
        for (run, y) in runs.iter().zip(y.chunks_exact(width)) {
            let rows = sums[run.first * width..][..run.count * width].chunks_exact_mut(width);
            for (row, weight) in rows.zip(weights(run)) {
                row.iter_mut().zip(y).for_each(|(sum, &y)| sum.add(weight * y));
            }
        }
        block.iter_mut().zip(&sums).for_each(|(x, sum)| *x = sum.total());
    }
}

/// The weight of every position of a run.
#[inline(always)]
fn weights<F: Float>(run: &Run<F>) -> impl Iterator<Item = F> + use<F> {
    let weights = run.weights.unwrap_or([F::one(); 2]);
    weights.into_iter().chain(std::iter::repeat(F::one()))
}

/// The largest number of runs that share a position.
fn overlaps<F>(size: usize, runs: &[Run<F>]) -> usize {
    // At every position, how many runs start there, less those that have ended.
    let mut changes = vec![0_isize; size + 1];
    for run in runs {
        changes[run.first] += 1;
        changes[run.first + run.count] -= 1;
    }
    let now = changes.iter().scan(0, |now, change| {
        *now += change;
        Some(*now)
    });
    now.max().unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, tested_at};

    fn plain<F>(first: usize, count: usize) -> Run<F> {
        Run { first, count, weights: None }
    }

    /// The dense matrix `[runs, size]`.
    fn matrix(size: usize, runs: &[Run<f64>]) -> Vec<Vec<f64>> {
        let row = |run: &Run<f64>| {
            let mut row = vec![0.0; size];
            row[run.first..][..run.count].iter_mut().zip(weights(run)).for_each(|(entry, weight)| *entry = weight);
            row
        };
        runs.iter().map(row).collect()
    }

    /// Against the dense matrix, exactly: all numbers are small integers.
    #[test]
    fn as_the_dense_matrix() {
        let weighted = |first, a, b| Run { first, count: 2, weights: Some([a, b]) };
        let cases = [
            (5, vec![plain(0, 2), plain(1, 3), plain(4, 1), plain(2, 0), plain(0, 5)]),
            (3, vec![weighted(1, 3.0, -2.0), plain(2, 1), weighted(0, 0.0, 5.0)]),
            (200, vec![plain(3, 190), plain(0, 65), plain(0, 64)]),
            (2, vec![plain(1, 1); 150]),
            (4, vec![plain(3, 1), plain(0, 1), plain(3, 1), plain(2, 1), plain(1, 1)]),
            (4, vec![]),
        ];
        for ((size, runs), width) in cases.iter().flat_map(|case| [1, 2, 35].map(|width| (case, width))) {
            let matrix = matrix(*size, runs);
            // The period is 11, and no width is a multiple of it: otherwise all rows would be alike.
            let number = |i: usize| ((i * 7 + 3) % 11) as f64 - 5.0;
            let x: Vec<f64> = (0..2 * size * width).map(number).collect();
            let y: Vec<f64> = (0..2 * runs.len() * width).map(number).collect();
            for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                let (mut sums, mut spread) = (vec![0.0; y.len()], vec![0.0; x.len()]);
                tested_at(level, || sum_runs(&x, [*size, width], runs, &mut sums));
                tested_at(level, || spread_runs(&y, [*size, width], runs, &mut spread));
                for block in 0..2 {
                    for column in 0..width {
                        let x_at = |i: usize| (block * size + i) * width + column;
                        let y_at = |r: usize| (block * runs.len() + r) * width + column;
                        for (r, row) in matrix.iter().enumerate() {
                            assert_eq!(sums[y_at(r)], (0..*size).map(|i| row[i] * x[x_at(i)]).sum::<f64>());
                        }
                        for i in 0..*size {
                            let sum: f64 = (0..runs.len()).map(|r| matrix[r][i] * y[y_at(r)]).sum();
                            assert_eq!(spread[x_at(i)], sum);
                        }
                    }
                }
            }
        }
    }

    /// In `f32`, a plain sum of ones would stop at 16,777,216, and that of tenths is off by percents long before.
    #[test]
    fn long_runs_do_not_lose_what_they_add() {
        let x = vec![0.1_f32; 2_000_000];
        let exact = (1e6 * f64::from(0.1_f32)) as f32;
        let mut y = vec![0.0; 2];
        sum_runs(&x, [2_000_000, 1], &[plain(0, 1_000_000), plain(1_000_000, 1_000_000)], &mut y);
        assert_eq!(y, [exact; 2]);
        sum_runs(&x, [1_000_000, 2], &[plain(0, 1_000_000)], &mut y);
        assert_eq!(y, [exact; 2]);
        y.fill(0.0);
        spread_runs(&x, [1, 2], &vec![plain(0, 1); 1_000_000], &mut y);
        assert_eq!(y, [exact; 2]);
    }

    #[test]
    fn nothing_to_do() {
        sum_runs::<f32>(&[], [3, 0], &[plain(0, 2)], &mut []);
        sum_runs::<f32>(&[], [3, 2], &[plain(0, 2)], &mut []);
        spread_runs::<f32>(&[], [3, 2], &[plain(0, 2)], &mut []);
        spread_runs::<f32>(&[], [3, 0], &[plain(0, 2)], &mut []);
    }
}
