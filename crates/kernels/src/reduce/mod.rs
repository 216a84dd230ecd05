//! Reductions by a binary function: sum, maximum, minimum.
//!
//! They run over row-major memory (other layouts are copied first), so a result depends neither on the layout of its
//! argument nor on the machine. Neighboring axes that are reduced together are merged, so there are only two loops:
//! along rows, and down columns. Both combine elements in a tree, like NumPy's pairwise summation: the rounding error
//! of a sum grows with the logarithm of the number of terms, not with the number.

mod columns;
mod rows;

use super::simd::vectorised;
use crate::AxisSet;
use crate::memory::Memory;
use crate::{Elements, Float};
use columns::fold_columns;
pub(super) use rows::fold_row;
use rows::fold_rows;

/// The sum over a set of axes; 0 over an empty axis.
#[track_caller]
pub fn sum<F: Float>(x: &Elements<F>, axes: AxisSet) -> Elements<F> {
    fold(
        x,
        axes,
        F::zero(),
        #[inline(always)]
        |a, b| a + b,
    )
}

/// The maximum over a set of axes; NaN if any element is NaN, -inf over an empty axis.
#[track_caller]
pub fn max<F: Float>(x: &Elements<F>, axes: AxisSet) -> Elements<F> {
    fold(x, axes, F::neg_infinity(), larger)
}

/// The minimum over a set of axes; NaN if any element is NaN, inf over an empty axis.
#[track_caller]
pub fn min<F: Float>(x: &Elements<F>, axes: AxisSet) -> Elements<F> {
    fold(
        x,
        axes,
        F::infinity(),
        #[inline(always)]
        |a, b| if a <= b || a.is_nan() { a } else { b },
    )
}

/// The larger of two values; NaN if either is NaN.
#[inline(always)]
pub(super) fn larger<F: Float>(a: F, b: F) -> F {
    if a >= b || a.is_nan() { a } else { b }
}

/// Reduces the axes by `f`, which is associative up to rounding; `start` is its neutral element.
#[track_caller]
fn fold<F: Float>(x: &Elements<F>, axes: AxisSet, start: F, f: impl Fn(F, F) -> F + Copy) -> Elements<F> {
    let shape = axes.reduced_shape(x.shape());
    if x.is_empty() {
        return Elements::full(shape, start);
    }
    let mut copy = None;
    let all = x.row_major_slice(&mut copy);
    if axes.count(x.shape()) == all.len() {
        // A full reduction, such as a loss: a small one would spend most of its time in the general case below.
        let total = vectorised(
            #[inline(always)]
            || fold_row(all, start, f),
        );
        return Elements::full(shape, total);
    }
    // One pass per run of reduced axes; the first reads `x`, the others read the result of the previous one.
    let (mut len, mut folded) = (all.len(), None::<Memory<F>>);
    for (length, width) in runs(x.shape(), axes) {
        let elements = folded.as_ref().map_or(all, |memory| &memory.as_slice()[..len]);
        len /= length;
        let mut next = Memory::full(&[len], start);
        let results = &mut next.get_mut().expect("not shared yet")[..len];
        if width == 1 {
            fold_rows(elements, length, results, start, f);
        } else {
            fold_columns(elements, length, width, results, start, f);
        }
        folded = Some(next);
    }
    match folded {
        Some(memory) => Elements::of_memory(shape, memory),
        // Only axes of size 1 are reduced, or none.
        None => x.row_major().reshaped(shape),
    }
}

/// The runs of neighboring axes to be reduced, last first, each as `(length, width)`: the number of elements along the
/// run, and the number of elements in the kept axes after it.
fn runs(shape: &[usize], axes: AxisSet) -> impl Iterator<Item = (usize, usize)> {
    let (mut before, mut width) = (shape.len(), 1);
    std::iter::from_fn(move || {
        let mut length = 1;
        while let Some(axis) = before.checked_sub(1) {
            if axes.contains(axis) {
                length *= shape[axis];
            } else if length == 1 {
                width *= shape[axis];
            } else {
                break;
            }
            before = axis;
        }
        (length > 1).then_some((length, width))
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, Dimension, IxDyn};

    use super::*;
    use crate::simd::{Level, tested_at};

    /// Integers, so that any order of addition is exact.
    fn sample(shape: &[usize]) -> Elements<f32> {
        let numbers = (0..shape.iter().product::<usize>()).map(|i| (i * i * 31 % 41) as f32 - 20.0);
        Elements::new(IxDyn(shape), numbers.collect())
    }

    fn axes(list: &[isize]) -> AxisSet {
        AxisSet { bits: list.iter().map(|axis| 1 << axis).sum(), keep: false }
    }

    /// The reference: ndarray, one axis after the other.
    fn plain(x: &Elements<f32>, list: &[isize], start: f32, f: impl Fn(f32, f32) -> f32) -> Elements<f32> {
        let fold = |x: ArrayD<f32>, &axis: &isize| x.fold_axis(Axis(axis as usize), start, |&a, &b| f(a, b));
        list.iter().rev().fold(x.view().to_owned(), fold).into()
    }

    /// The same elements with the axes in reverse order in memory, and with gaps.
    fn other_layouts(x: &Elements<f32>) -> [Elements<f32>; 2] {
        let order: Vec<usize> = (0..x.shape().len()).rev().collect();
        let reversed = x.permuted(&order).row_major().permuted(&order);
        let doubled: Vec<usize> = x.shape().iter().map(|n| 2 * n).collect();
        let wide = ArrayD::from_shape_fn(doubled, |at| {
            let half: Vec<usize> = at.as_array_view().iter().map(|i| i / 2).collect();
            if at.as_array_view().iter().any(|i| i % 2 == 1) { f32::NAN } else { x.view()[half.as_slice()] }
        });
        let apart = |y: Elements<f32>, axis: usize| y.narrowed(axis, 0, y.shape()[axis], 2);
        [reversed, (0..x.shape().len()).fold(wide.into(), apart)]
    }

    fn assert_eq(a: &Elements<f32>, b: &Elements<f32>, case: &str) {
        assert!(a == b, "{case}: {} instead of {}", a.view(), b.view());
    }

    #[test]
    fn every_set_of_axes_layout_and_level() {
        let shapes: [&[usize]; 9] =
            [&[], &[1], &[97], &[3, 97], &[130, 5], &[5, 1, 33], &[2, 3, 4, 5], &[0, 3], &[3, 0, 2]];
        for shape in shapes {
            let x = sample(shape);
            let [reversed, gapped] = other_layouts(&x);
            for subset in 0..1 << shape.len() {
                let list: Vec<isize> = (0..shape.len()).filter(|i| subset >> i & 1 == 1).map(|i| i as isize).collect();
                let set = axes(&list);
                let total = plain(&x, &list, 0.0, |a, b| a + b);
                let largest = plain(&x, &list, f32::NEG_INFINITY, f32::max);
                let smallest = plain(&x, &list, f32::INFINITY, f32::min);
                for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                    for x in [&x, &reversed, &gapped] {
                        let case = format!("{shape:?} {list:?} {level:?}");
                        assert_eq(&tested_at(level, || sum(x, set)), &total, &case);
                        assert_eq(&tested_at(level, || max(x, set)), &largest, &case);
                        assert_eq(&tested_at(level, || min(x, set)), &smallest, &case);
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_around_the_blocks() {
        for length in [31, 32, 33, 127, 128, 129, 255, 257, 511, 512, 513, 1023, 1025, 1537, 3073, 5121] {
            for width in [1, 3] {
                let rows = sample(&[length, width]);
                let expected = plain(&rows, &[0], 0.0, |a, b| a + b);
                let case = format!("{length} {width}");
                assert_eq(&sum(&rows, axes(&[0])), &expected, &case);
                assert_eq(&sum(&rows.permuted(&[1, 0]), axes(&[1])), &expected, &case);
            }
        }
    }

    /// Added one after the other in `f32`, ten million times 0.1 is 1,087,937.
    #[test]
    fn ten_million_tenths() {
        let count = 10_000_000;
        let row = Elements::full(IxDyn(&[count]), 0.1_f32);
        let exact = count as f64 * f64::from(0.1_f32);
        for width in [1, 2, 10] {
            let sums = sum(&row.reshaped(IxDyn(&[count / width, width])), axes(&[0]));
            for &sum in sums.as_slice().expect("row-major") {
                let error = (f64::from(sum) * width as f64 - exact).abs() / exact;
                assert!(error < 2e-7, "width {width}: {error:e}");
            }
        }
    }

    #[test]
    fn bits_depend_neither_on_the_layout_nor_on_the_machine() {
        let rough = (0..37 * 2100).map(|i| (i as f32 * 0.37).sin()).collect();
        let x = Elements::new(IxDyn(&[37, 2100]), rough);
        let [reversed, gapped] = other_layouts(&x);
        for list in [&[0][..], &[1], &[0, 1]] {
            let set = axes(list);
            let expected = sum(&x, set);
            for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                for x in [&x, &reversed, &gapped] {
                    assert_eq(&tested_at(level, || sum(x, set)), &expected, &format!("{list:?} {level:?}"));
                }
            }
        }
    }
}
