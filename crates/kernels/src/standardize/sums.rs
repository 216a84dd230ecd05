//! Pairs of sums over groups of elements, which may have their elements in several places.

use std::ops::Range;

use crate::simd::vectorised;
use crate::{AxisSet, Float};

/// The number of partial sums of a run: the lanes of one or more vector registers.
const LANES: usize = 32;
/// This many elements of a run, or rows of columns, are summed in the element type; the sums of blocks in `f64`.
const BLOCK: usize = 16 * LANES;
const ROWS: usize = 128;

/// How the elements of a row-major array form groups: element `(o, g, i)` of `[outer, groups, inner]` is in group `g`.
pub(super) struct Grouping {
    pub(super) outer: usize,
    pub(super) groups: usize,
    pub(super) inner: usize,
}

impl Grouping {
    /// `None` if the axes that are kept are not next to each other.
    pub(super) fn of(shape: &[usize], axes: AxisSet) -> Option<Self> {
        let kept = |axis: &usize| !axes.contains(*axis);
        let first = (0..shape.len()).find(kept).unwrap_or(0);
        let end = (0..shape.len()).rev().find(kept).map_or(0, |last| last + 1);
        if (first..end).any(|axis| axes.contains(axis)) {
            return None;
        }
        let size = |axes: Range<usize>| shape[axes].iter().product();
        Some(Grouping { outer: size(0..first), groups: size(first..end), inner: size(end..shape.len()) })
    }

    /// The number of elements of a group.
    pub(super) fn count(&self) -> f64 {
        self.outer as f64 * self.inner as f64
    }
}

/// The two sums of `f(a, b, parameter)` over each group, which has its own parameter.
pub(super) fn group_sums<F: Float>(
    a: &[F],
    b: &[F],
    of: &Grouping,
    parameters: &[F],
    f: impl Fn(F, F, F) -> [F; 2] + Copy,
) -> Vec<[f64; 2]> {
    let mut totals = vec![[0.0; 2]; of.groups];
    if of.inner > 1 {
        vectorised(
            #[inline(always)]
            || {
                let runs = a.chunks_exact(of.inner).zip(b.chunks_exact(of.inner));
                for (number, (a, b)) in runs.enumerate() {
                    let group = number % of.groups;
                    let sums = run_sums(a, b, parameters[group], f);
                    totals[group][0] += sums[0];
                    totals[group][1] += sums[1];
                }
            },
        );
        return totals;
    }
    // Whole rows at a time, one element for each group.
    let (mut first, mut second) = (vec![F::zero(); of.groups], vec![F::zero(); of.groups]);
    for (a, b) in a.chunks(ROWS * of.groups).zip(b.chunks(ROWS * of.groups)) {
        first.fill(F::zero());
        second.fill(F::zero());
        vectorised(
            #[inline(always)]
            || {
                for (a, b) in a.chunks_exact(of.groups).zip(b.chunks_exact(of.groups)) {
                    let columns = a.iter().zip(b).zip(parameters).zip(first.iter_mut().zip(&mut second));
                    for (((&a, &b), &parameter), (first, second)) in columns {
                        let terms = f(a, b, parameter);
                        *first += terms[0];
                        *second += terms[1];
                    }
                }
            },
        );
        for ((total, first), second) in totals.iter_mut().zip(&first).zip(&second) {
            total[0] += first.as_f64();
            total[1] += second.as_f64();
        }
    }
    totals
}

/// The two sums of `f(a, b, parameter)` over a contiguous run.
#[inline(always)]
pub(super) fn run_sums<F: Float>(a: &[F], b: &[F], parameter: F, f: impl Fn(F, F, F) -> [F; 2] + Copy) -> [f64; 2] {
    let mut totals = [0.0; 2];
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let (mut first, mut second) = ([F::zero(); LANES], [F::zero(); LANES]);
        let ((chunks, a_tail), (others, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in chunks.iter().zip(others) {
            for i in 0..LANES {
                let terms = f(a[i], b[i], parameter);
                first[i] += terms[0];
                second[i] += terms[1];
            }
        }
        for (i, (&a, &b)) in a_tail.iter().zip(b_tail).enumerate() {
            let terms = f(a, b, parameter);
            first[i] += terms[0];
            second[i] += terms[1];
        }
        for (total, lanes) in totals.iter_mut().zip([&mut first, &mut second]) {
            // Combine the lanes in a tree.
            let mut half = LANES / 2;
            while half > 0 {
                for i in 0..half {
                    lanes[i] += lanes[i + half];
                }
                half /= 2;
            }
            *total += lanes[0].as_f64();
        }
    }
    totals
}
