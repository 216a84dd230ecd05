//! Softmax, its logarithm, and the logarithm of a sum of exponentials, in rows.
//!
//! The largest element of a row is subtracted before anything is exponentiated, so that nothing overflows.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::reduce::{fold_row, larger};
use super::simd::vectorised;
use crate::Float;
use crate::axes::AxisSet;

/// `eˣ / Σeˣ` along an axis.
pub(crate) fn softmax<F: Float>(x: &ArrayViewD<'_, F>, axis: usize) -> ArrayD<F> {
    in_rows(
        x,
        axis,
        #[inline(always)]
        |row, _| {
            let peak = fold_row(row, F::neg_infinity(), larger);
            for x in row.iter_mut() {
                *x = (*x - peak).exp();
            }
            let total = sum(row);
            for x in row.iter_mut() {
                *x /= total;
            }
        },
    )
}

/// `x - ln Σeˣ` along an axis.
pub(crate) fn log_softmax<F: Float>(x: &ArrayViewD<'_, F>, axis: usize) -> ArrayD<F> {
    in_rows(
        x,
        axis,
        #[inline(always)]
        |row, scratch| {
            let peak = fold_row(row, F::neg_infinity(), larger);
            for (e, x) in scratch.iter_mut().zip(row.iter_mut()) {
                *x -= peak;
                *e = x.exp();
            }
            let log_total = sum(scratch).ln();
            for x in row.iter_mut() {
                *x -= log_total;
            }
        },
    )
}

/// `ln Σeˣ` over a set of axes; -inf where there is nothing to add.
pub(crate) fn logsumexp<F: Float>(x: &ArrayViewD<'_, F>, axes: AxisSet) -> ArrayD<F> {
    let shape = axes.reduced_shape(x.shape());
    if x.is_empty() {
        return ArrayD::from_elem(shape, F::neg_infinity());
    }
    let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..x.ndim()).partition(|&axis| !axes.contains(axis));
    let in_rows = x.view().permuted_axes([kept, reduced].concat());
    let row_major = in_rows.as_standard_layout();
    let rows = row_major.as_slice().expect("row-major").chunks_exact(axes.count(x.shape()));
    let mut y = vec![F::zero(); rows.len()];
    let mut scratch = vec![F::zero(); axes.count(x.shape())];
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
    ArrayD::from_shape_vec(shape, y).expect("one element for each row")
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

/// A copy of `x` in row-major order, changed by `f` along the axis. `f` gets scratch memory as long as the row.
#[inline(always)]
fn in_rows<F: Float>(x: &ArrayViewD<'_, F>, axis: usize, f: impl Fn(&mut [F], &mut [F])) -> ArrayD<F> {
    let last = x.ndim() - 1;
    let mut y = x.view();
    y.swap_axes(axis, last);
    let mut y = y.as_standard_layout().into_owned();
    let length = x.len_of(Axis(axis));
    let mut scratch = vec![F::zero(); length];
    let rows = y.as_slice_mut().expect("row-major").chunks_exact_mut(length.max(1));
    vectorised(
        #[inline(always)]
        || {
            for row in rows {
                f(row, &mut scratch);
            }
        },
    );
    if axis == last {
        return y;
    }
    y.swap_axes(axis, last);
    y.as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axes;
    use crate::kernels::simd::{Level, at_most};

    /// By the definition, in f64.
    fn total(x: &ArrayD<f32>, axis: usize) -> ArrayD<f64> {
        x.mapv(|x| f64::from(x).exp()).sum_axis(Axis(axis)).insert_axis(Axis(axis))
    }

    #[test]
    fn every_axis_length_and_level() {
        for (rows, columns) in [(1, 1), (3, 10), (10, 3), (2, 1000), (1100, 2), (5, 33)] {
            let x = ArrayD::from_shape_fn(vec![rows, columns], |i| ((i[0] * columns + i[1]) as f32 * 0.37).sin() * 9.0);
            for axis in [0, 1] {
                let set = Axes::from(axis).resolve("test", 2);
                let (axis, wide) = (axis as usize, x.mapv(f64::from));
                let total = total(&x, axis);
                let probabilities = wide.mapv(f64::exp) / &total;
                let logarithms = &wide - &total.mapv(f64::ln);
                for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                    // Relative for probabilities, also small ones; a logarithm is as exact as the numbers it comes from.
                    let close = |a: ArrayD<f32>, b: &ArrayD<f64>, scale: f64| {
                        assert_eq!(a.shape(), b.shape());
                        let off = |(&a, &b): (&f32, &f64)| (f64::from(a) - b).abs() / b.abs().max(scale);
                        let worst = a.iter().zip(b).map(off).fold(0.0, f64::max);
                        assert!(worst < 2e-6, "{rows} {columns} {axis} {level:?}: {worst:e}");
                    };
                    at_most(level, || {
                        close(softmax(&x.view(), axis), &probabilities, 0.0);
                        close(log_softmax(&x.view(), axis), &logarithms, 1.0);
                        close(logsumexp(&x.view(), set), &total.mapv(f64::ln).remove_axis(Axis(axis)), 1.0);
                    });
                }
            }
        }
    }
}
