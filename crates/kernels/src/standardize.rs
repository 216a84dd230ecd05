//! Standardization: from every element the mean of its group is subtracted, and the difference divided by the group's
//! standard deviation; and the derivative of that.
//!
//! The moments are computed by the corrected two-pass algorithm (Chan, Golub and LeVeque, "Algorithms for computing the
//! sample variance", 1983): what is left of the mean after it has been rounded and subtracted is subtracted, too, so
//! that a mean far from zero costs no digits.

mod sums;

use crate::elementwise::map;
use crate::simd::vectorised;
use crate::{AxisSet, Elements, Float};
use sums::{Grouping, group_sums, run_sums};

/// The mean and the biased variance of every group, with the reduced axes at size 1; NaN for groups without elements.
pub struct Moments<F: Float> {
    /// Zero if it was not subtracted.
    pub mean: Elements<F>,
    /// The mean square of what is left.
    pub var: Elements<F>,
}

/// `(x - mean)/√(var + ε)`, where a group are the elements along `axes`. If it is not `centered`, nothing is
/// subtracted, and the divisor is the root of the mean square.
#[track_caller]
pub fn standardized<F: Float>(x: &Elements<F>, axes: AxisSet, eps: F, centered: bool) -> (Elements<F>, Moments<F>) {
    let shape = axes.kept_shape(x.shape());
    let Some(grouping) = Grouping::of(x.shape(), axes) else {
        let (order, back) = orders(x.shape().len(), axes);
        let (y, moments) = standardized(&x.permuted(&order), trailing(x.shape().len(), axes), eps, centered);
        let reshaped = |moment: Elements<F>| moment.reshaped(shape.clone());
        return (y.permuted(&back), Moments { mean: reshaped(moments.mean), var: reshaped(moments.var) });
    };
    if x.is_empty() {
        // Not in a closure, which would not panic at the caller's line: there may be any number of groups of nothing.
        let mean = Elements::full(shape, F::nan());
        return (x.clone(), Moments { var: mean.clone(), mean });
    }
    let mut y = copy(x);
    let elements = y.as_slice_mut().expect("row-major and not shared");
    let groups = grouping.groups;
    let (mut mean, mut var) = (vec![F::zero(); groups], vec![F::zero(); groups]);
    if grouping.outer == 1 {
        rows(elements, &grouping, eps, centered, &mut mean, &mut var);
    } else {
        groups_apart(elements, &grouping, eps, centered, &mut mean, &mut var);
    }
    (y, Moments { mean: Elements::new(shape.clone(), mean), var: Elements::new(shape, var) })
}

/// `scale·(g - mean(g) - y·mean(g·y))`, with the means over each group: the derivative of [`standardized`] with the
/// result `y`, if `scale` is `1/√(var + ε)` for each group. If it is not `centered`, `mean(g)` is not subtracted.
#[track_caller]
pub fn standardized_slope<F: Float>(
    y: &Elements<F>,
    scale: &Elements<F>,
    g: &Elements<F>,
    axes: AxisSet,
    centered: bool,
) -> Elements<F> {
    let Some(grouping) = Grouping::of(g.shape(), axes) else {
        let ndim = g.shape().len();
        let (order, back) = orders(ndim, axes);
        let [y, scale, g] = [y, scale, g].map(|x| x.permuted(&order));
        return standardized_slope(&y, &scale, &g, trailing(ndim, axes), centered).permuted(&back);
    };
    let mut dx = copy(g);
    if dx.is_empty() {
        return dx;
    }
    let (y, scale) = (y.row_major(), scale.row_major());
    let (y, scale) = (y.as_slice().expect("row-major"), scale.as_slice().expect("row-major"));
    let elements = dx.as_slice_mut().expect("row-major and not shared");
    let count = grouping.count();
    if grouping.outer == 1 {
        let rows = elements.chunks_exact_mut(grouping.inner).zip(y.chunks_exact(grouping.inner)).zip(scale);
        vectorised(
            #[inline(always)]
            || {
                for ((g, y), &scale) in rows {
                    let means = means(run_sums(g, y, F::zero(), products), count, centered);
                    slope_of_run(g, y, scale, means);
                }
            },
        );
        return dx;
    }
    let sums = group_sums(elements, y, &grouping, &vec![F::zero(); grouping.groups], products);
    let (first, second): (Vec<F>, Vec<F>) =
        sums.into_iter().map(|sums| means::<F>(sums, count, centered).into()).unzip();
    vectorised(
        #[inline(always)]
        || {
            if grouping.inner == 1 {
                let lines = elements.chunks_exact_mut(grouping.groups).zip(y.chunks_exact(grouping.groups));
                for (g, y) in lines {
                    let columns = g.iter_mut().zip(y).zip(scale).zip(&first).zip(&second);
                    for ((((g, &y), &scale), &mean), &product) in columns {
                        *g = scale * (*g - mean - y * product);
                    }
                }
                return;
            }
            let runs = elements.chunks_exact_mut(grouping.inner).zip(y.chunks_exact(grouping.inner));
            for (number, (g, y)) in runs.enumerate() {
                let group = number % grouping.groups;
                slope_of_run(g, y, scale[group], [first[group], second[group]]);
            }
        },
    );
    dx
}

#[inline(always)]
fn products<F: Float>(g: F, y: F, _: F) -> [F; 2] {
    [g, g * y]
}

/// The means from the sums of `g` and of `g·y`.
#[inline(always)]
fn means<F: Float>([sum, product]: [f64; 2], count: f64, centered: bool) -> [F; 2] {
    [if centered { F::from_f64(sum / count) } else { F::zero() }, F::from_f64(product / count)]
}

#[inline(always)]
fn slope_of_run<F: Float>(g: &mut [F], y: &[F], scale: F, [mean, product]: [F; 2]) {
    for (g, &y) in g.iter_mut().zip(y) {
        *g = scale * (*g - mean - y * product);
    }
}

/// The order that moves the reduced axes to the end, and the one that moves them back.
fn orders(ndim: usize, axes: AxisSet) -> (Vec<usize>, Vec<usize>) {
    let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..ndim).partition(|&axis| !axes.contains(axis));
    let order = [kept, reduced].concat();
    let mut back = vec![0; ndim];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    (order, back)
}

/// As many axes as `axes` has, the last ones.
fn trailing(ndim: usize, axes: AxisSet) -> AxisSet {
    let kept = ndim - axes.bits.count_ones() as usize;
    AxisSet { bits: AxisSet::first(ndim).bits & !AxisSet::first(kept).bits, keep: axes.keep }
}

/// A row-major copy, which is changed in place.
#[track_caller]
fn copy<F: Float>(x: &Elements<F>) -> Elements<F> {
    map(
        x,
        #[inline(always)]
        |x| x,
    )
}

/// Mean, variance and the inverse of the root from the sums of the differences to `around` and of their squares.
#[inline(always)]
fn moments<F: Float>([sum, squares]: [f64; 2], count: f64, around: F, centered: bool) -> (F, F, F) {
    // What the rounding of the mean has left.
    let rest = if centered { sum / count } else { 0.0 };
    let var = squares / count - rest * rest;
    // Not below 0 by rounding; NaN passes.
    let var = if var < 0.0 { 0.0 } else { var };
    (F::from_f64(rest), F::from_f64(around.as_f64() + rest), F::from_f64(var))
}

/// Each group is one contiguous row: all passes over a row, then the next row.
fn rows<F: Float>(elements: &mut [F], of: &Grouping, eps: F, centered: bool, means: &mut [F], vars: &mut [F]) {
    let count = of.count();
    vectorised(
        #[inline(always)]
        || {
            let groups = elements.chunks_exact_mut(of.inner).zip(means).zip(vars);
            for ((row, mean), var) in groups {
                let around =
                    if centered { F::from_f64(run_sums(row, row, F::zero(), plain)[0] / count) } else { F::zero() };
                let rest;
                (rest, *mean, *var) = moments(run_sums(row, row, around, deviations), count, around, centered);
                let scale = F::one() / (*var + eps).sqrt();
                for x in row.iter_mut() {
                    *x = ((*x - around) - rest) * scale;
                }
            }
        },
    );
}

/// A group has elements in several places: one pass over the array after the other.
fn groups_apart<F: Float>(elements: &mut [F], of: &Grouping, eps: F, centered: bool, means: &mut [F], vars: &mut [F]) {
    let count = of.count();
    let mut around = vec![F::zero(); of.groups];
    if centered {
        let sums = group_sums(elements, elements, of, &around, plain);
        for (around, [sum, _]) in around.iter_mut().zip(sums) {
            *around = F::from_f64(sum / count);
        }
    }
    let sums = group_sums(elements, elements, of, &around, deviations);
    let (mut rests, mut scales) = (vec![F::zero(); of.groups], vec![F::zero(); of.groups]);
    for (group, &sums) in sums.iter().enumerate() {
        (rests[group], means[group], vars[group]) = moments(sums, count, around[group], centered);
        scales[group] = F::one() / (vars[group] + eps).sqrt();
    }
    vectorised(
        #[inline(always)]
        || {
            if of.inner == 1 {
                for line in elements.chunks_exact_mut(of.groups) {
                    for (((x, &around), &rest), &scale) in line.iter_mut().zip(&around).zip(&rests).zip(&scales) {
                        *x = ((*x - around) - rest) * scale;
                    }
                }
                return;
            }
            for (number, run) in elements.chunks_exact_mut(of.inner).enumerate() {
                let group = number % of.groups;
                let (around, rest, scale) = (around[group], rests[group], scales[group]);
                for x in run {
                    *x = ((*x - around) - rest) * scale;
                }
            }
        },
    );
}

#[inline(always)]
fn plain<F: Float>(x: F, _: F, _: F) -> [F; 2] {
    [x, F::zero()]
}

#[inline(always)]
fn deviations<F: Float>(x: F, _: F, around: F) -> [F; 2] {
    let deviation = x - around;
    [deviation, deviation * deviation]
}

#[cfg(test)]
mod tests;
