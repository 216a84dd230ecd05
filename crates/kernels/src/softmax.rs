//! Softmax, its logarithm, and the logarithm of a sum of exponentials, in rows.
//!
//! The largest element of a row is subtracted before anything is exponentiated, so that nothing overflows.

use super::elementwise::map;
use super::reduce::{fold_row, larger};
use super::simd::vectorised;
use crate::AxisSet;
use crate::{Elements, Float};

/// How many columns are laid out as rows at a time: as many as share a line of the cache.
const COLUMNS: usize = 16;
/// Short rows are taken together up to this many elements, so that a row of ten classes need not fill vector registers.
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
            // The sum of a row lies before the row after it.
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

#[inline(always)]
fn subtract_peaks<F: Float>(rows: &mut [F], length: usize) {
    for row in rows.chunks_exact_mut(length) {
        let peak = fold_row(row, F::neg_infinity(), larger);
        for x in row.iter_mut() {
            *x -= peak;
        }
    }
}

/// `ln Σeˣ` over a set of axes; -inf where there is nothing to add.
#[track_caller]
pub fn logsumexp<F: Float>(x: &Elements<F>, axes: AxisSet) -> Elements<F> {
    let shape = axes.reduced_shape(x.shape());
    if x.is_empty() {
        return Elements::full(shape, F::neg_infinity());
    }
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
                // Between infinities the difference would be NaN.
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

/// `x` with all lines of elements along the axis changed by `f`, which gets several of them as rows, their length, and
/// scratch memory as large as the rows.
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
                // By the definition, in f64.
                let wide = x.view().mapv(f64::from);
                let total = wide.mapv(f64::exp).sum_axis(Axis(axis));
                let logarithm = total.mapv(f64::ln);
                let kept = |x: &ArrayD<f64>| x.clone().insert_axis(Axis(axis));
                // Relative for probabilities, also small ones; a logarithm is as exact as the numbers it comes from.
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
