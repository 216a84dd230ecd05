//! Softmax, log-softmax and log-sum-exp, numerically stable: the maximum of each row is subtracted before the
//! exponential, so that nothing overflows.

use super::elementwise::map;
use super::reduce::{fold_row, larger};
use super::simd::vectorised;
use crate::AxisSet;
use crate::attention::softmax_or_zero as softmax_row;
use crate::{Elements, Float};

/// How many columns are transposed into rows at a time: a cache line of `f32`.
const COLUMNS: usize = 16;
/// Short rows are processed together, up to this many elements: a row of ten classes alone does not fill a vector
/// register.
const TOGETHER: usize = 1024;

/// `eˣ / Σeˣ` along an axis.
#[track_caller]
pub fn softmax<F: Float>(x: &Elements<F>, axis: usize) -> Elements<F> {
    along(
        x,
        axis,
        #[inline(always)]
        |rows, length, _| {
            subtract_peaks(rows, length);
            // The exponential of all rows in one loop, the sums and divisions row by row.
            for x in rows.iter_mut() {
                *x = x.exp();
            }
            for row in rows.chunks_exact_mut(length) {
                let total = sum(row);
                for x in row.iter_mut() {
                    *x /= total;
                }
            }
        },
    )
}

/// [`softmax`], but zeros where every element along the axis is -inf.
#[track_caller]
pub fn softmax_or_zero<F: Float>(x: &Elements<F>, axis: usize) -> Elements<F> {
    along(
        x,
        axis,
        #[inline(always)]
        |rows, length, _| rows.chunks_exact_mut(length).for_each(softmax_row),
    )
}

/// `x - ln Σeˣ` along an axis.
#[track_caller]
pub fn log_softmax<F: Float>(x: &Elements<F>, axis: usize) -> Elements<F> {
    along(
        x,
        axis,
        #[inline(always)]
        |rows, length, scratch| {
            subtract_peaks(rows, length);
            for (e, &x) in scratch.iter_mut().zip(&*rows) {
                *e = x.exp();
            }
            // In place in `scratch`: sum `i` overwrites an element of row `i` or an earlier one, none that is still
            // needed.
            let count = rows.len() / length;
            for i in 0..count {
                scratch[i] = sum(&scratch[i * length..][..length]);
            }
            for total in &mut scratch[..count] {
                *total = total.ln();
            }
            for (row, &log_total) in rows.chunks_exact_mut(length).zip(&*scratch) {
                for x in row.iter_mut() {
                    *x -= log_total;
                }
            }
        },
    )
}

/// Subtracts from every row its maximum.
#[inline(always)]
fn subtract_peaks<F: Float>(rows: &mut [F], length: usize) {
    for row in rows.chunks_exact_mut(length) {
        let peak = fold_row(row, F::neg_infinity(), larger);
        for x in row.iter_mut() {
            *x -= peak;
        }
    }
}

/// `ln Σeˣ` over a set of axes; -inf over an empty axis.
#[track_caller]
pub fn logsumexp<F: Float>(x: &Elements<F>, axes: AxisSet) -> Elements<F> {
    let shape = axes.reduced_shape(x.shape());
    if x.is_empty() {
        return Elements::full(shape, F::neg_infinity());
    }
    // Move the reduced axes to the end, so that each result comes from one contiguous row.
    let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..x.shape().len()).partition(|&axis| !axes.contains(axis));
    let rows = x.permuted(&[kept, reduced].concat()).row_major();
    let length = axes.count(x.shape());
    let rows = rows.as_slice().expect("row-major").chunks_exact(length);
    let mut y = vec![F::zero(); rows.len()];
    let mut scratch = vec![F::zero(); length];
    vectorised(
        #[inline(always)]
        || {
            for (y, row) in y.iter_mut().zip(rows) {
                let peak = fold_row(row, F::neg_infinity(), larger);
                // If the maximum is infinite, subtracting it would give NaN.
                let shift = if peak.is_finite() { peak } else { F::zero() };
                for (e, &x) in scratch.iter_mut().zip(row) {
                    *e = (x - shift).exp();
                }
                *y = shift + sum(&scratch).ln();
            }
        },
    );
    Elements::new(shape, y)
}

#[inline(always)]
fn sum<F: Float>(row: &[F]) -> F {
    fold_row(
        row,
        F::zero(),
        #[inline(always)]
        |a, b| a + b,
    )
}

/// A copy of `x` with `f` applied in place to every one-dimensional slice along the axis. `f` gets several slices at a
/// time as contiguous rows, their length, and scratch memory at least as large as the rows.
#[inline(always)]
#[track_caller]
fn along<F: Float>(x: &Elements<F>, axis: usize, f: impl Fn(&mut [F], usize, &mut [F])) -> Elements<F> {
    let mut copy = map(
        x,
        #[inline(always)]
        |x| x,
    );
    let mut y = copy.view_mut();
    let y = y.as_slice_mut().expect("row-major");
    if y.is_empty() {
        return copy;
    }
    let length = x.shape()[axis];
    let width: usize = x.shape()[axis + 1..].iter().product();
    // Along the last axis, the slices are rows already, and `together` is a multiple of their length. Along another
    // one, `columns` of them are transposed into rows, changed and transposed back.
    let columns = COLUMNS.min(width);
    let together = if width == 1 { length * (TOGETHER / length).clamp(1, y.len() / length) } else { columns * length };
    let mut scratch = vec![F::zero(); together];
    if width == 1 {
        vectorised(
            #[inline(always)]
            || {
                for rows in y.chunks_mut(together) {
                    f(rows, length, &mut scratch);
                }
            },
        );
    } else {
        let mut rows = vec![F::zero(); together];
        vectorised(
            #[inline(always)]
            || {
                for block in y.chunks_exact_mut(length * width) {
                    for first in (0..width).step_by(columns) {
                        let columns = first..width.min(first + columns);
                        for (i, line) in block.chunks_exact(width).enumerate() {
                            for (row, &x) in rows.chunks_exact_mut(length).zip(&line[columns.clone()]) {
                                row[i] = x;
                            }
                        }
                        f(&mut rows[..columns.len() * length], length, &mut scratch);
                        for (i, line) in block.chunks_exact_mut(width).enumerate() {
                            for (row, y) in rows.chunks_exact(length).zip(&mut line[columns.clone()]) {
                                *y = row[i];
                            }
                        }
                    }
                }
            },
        );
    }
    copy
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, IxDyn};

    use super::*;
    use crate::simd::{Level, tested_at};

    #[test]
    fn every_axis_length_and_level() {
        let shapes: [&[usize]; 9] =
            [&[1], &[3, 10], &[10, 3], &[250, 7], &[2, 1000], &[1100, 2], &[5, 33], &[2, 3, 35], &[0, 3]];
        for (shape, level) in shapes.iter().flat_map(|shape| LEVELS.map(|level| (shape, level))) {
            let rough = (0..shape.iter().product()).map(|i: usize| (i as f32 * 0.37).sin() * 9.0).collect();
            let x = Elements::new(IxDyn(shape), rough);
            for axis in 0..shape.len() {
                // The reference: the definition, in `f64`.
                let wide = x.view().mapv(f64::from);
                let total = wide.mapv(f64::exp).sum_axis(Axis(axis));
                let logarithm = total.mapv(f64::ln);
                let kept = |x: &ArrayD<f64>| x.clone().insert_axis(Axis(axis));
                // Relative error for probabilities, also small ones; for logarithms, absolute error below 1.
                let assert_close = |a: Elements<f32>, b: &ArrayD<f64>, scale: f64| {
                    assert_eq!(a.shape(), b.shape());
                    let off = |(&a, &b): (&f32, &f64)| (f64::from(a) - b).abs() / b.abs().max(scale);
                    let worst = a.view().iter().zip(b).map(off).fold(0.0, f64::max);
                    assert!(worst < 2e-6, "{shape:?} {axis} {level:?}: {worst:e}");
                };
                let set = AxisSet { bits: 1 << axis, keep: false };
                tested_at(level, || {
                    assert_close(softmax(&x, axis), &(wide.mapv(f64::exp) / kept(&total)), 0.0);
                    assert_close(log_softmax(&x, axis), &(&wide - &kept(&logarithm)), 1.0);
                    assert_close(logsumexp(&x, set), &logarithm, 1.0);
                });
            }
        }
    }

    const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];
}
