//! Which axes a reduction runs over, and whether it keeps them.

use std::fmt::{self, Display, Formatter};
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use ndarray::IxDyn;

use crate::MAX_AXES;

/// Axes of a tensor: one (`1`, `-1` for the last), several (`[0, 2]`, a slice or a `Vec`), a range (`1..3`, `..-1`) or all
/// (`..`). They are `isize` everywhere, and negative ones count from the end. [`keep`] leaves the axes of a reduction in the
/// result with size 1, so that it still broadcasts against the input.
///
/// A range counts its ends as a slice in Python does: `..-1` is every axis but the last, `1..` every axis but the first. (An
/// end of -0, for "up to and with the last", does not exist: leave it out.)
///
/// ```
/// use downhill_tensor::{Tensor, keep};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 5.0]]);
/// assert_eq!(x.sum_axis(0), Tensor::from([4.0, 7.0]));
/// assert_eq!(x.sum_axis(-1), Tensor::from([3.0, 8.0]));
/// assert_eq!(x.sum_axis(keep(1)), Tensor::from([[3.0], [8.0]]));
/// assert_eq!(x.sum_axis([0, 1]), Tensor::from(11.0));
/// assert_eq!(x.sum_axis(keep(..)), Tensor::from([[11.0]]));
///
/// let images = Tensor::<f32>::zeros(&[8, 3, 28, 28]);
/// assert_eq!(images.mean_axis(1..).shape(), [8]);
/// assert_eq!(images.mean_axis(..-1).shape(), [28]);
/// assert_eq!(images.mean_axis(vec![-2, -1]).shape(), [8, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Axes {
    which: Which,
    keep: bool,
}

#[derive(Clone, Debug)]
enum Which {
    All,
    First(usize),
    One(isize),
    FromFront(usize),
    Several(Vec<isize>),
    /// From the first up to, not with, the second; without a second up to the end.
    Range(isize, Option<isize>),
}

/// The same axes, kept in the result with size 1.
pub fn keep(axes: impl Into<Axes>) -> Axes {
    Axes { keep: true, ..axes.into() }
}

/// Axes resolved against a number of dimensions: a set, and whether to keep them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AxisSet {
    bits: u64,
    pub(crate) keep: bool,
}

impl Axes {
    /// The first `count` axes, of which there are as many.
    pub(crate) fn first(count: usize) -> Self {
        Axes { which: Which::First(count), keep: false }
    }

    /// # Panics
    /// If an axis is out of range or named twice; `op` is for the message.
    ///
    /// There is a bit for each of as many axes as a tensor can have.
    #[track_caller]
    pub(crate) fn resolve(&self, op: &str, ndim: usize) -> AxisSet {
        let bits = match &self.which {
            Which::All => first(ndim),
            Which::First(count) => first(*count),
            Which::FromFront(axis) => {
                assert!(*axis < ndim, "{}", OutOfRange { op, axis, ndim });
                1 << axis
            }
            Which::One(axis) => 1 << resolve_axis(op, *axis, ndim),
            Which::Several(list) => {
                let mut bits = 0;
                // A loop, for a closure would hide the caller's line from a panic.
                for &axis in list {
                    let bit = 1 << resolve_axis(op, axis, ndim);
                    assert!(bits & bit == 0, "{op}: axis {axis} is named twice in {list:?}");
                    bits |= bit;
                }
                bits
            }
            Which::Range(start, end) => {
                let (start, end) = resolve_range(op, *start, *end, ndim);
                first(end) & !first(start)
            }
        };
        AxisSet { bits, keep: self.keep }
    }

    /// The axes in the order in which they are named, for what depends on it.
    ///
    /// # Panics
    /// If an axis is out of range; one may be named twice.
    #[track_caller]
    pub(crate) fn in_order(&self, op: &str, ndim: usize) -> Vec<usize> {
        match &self.which {
            Which::Several(list) => {
                let mut order = Vec::with_capacity(list.len());
                for &axis in list {
                    order.push(resolve_axis(op, axis, ndim));
                }
                order
            }
            _ => {
                let set = self.resolve(op, ndim);
                (0..ndim).filter(|&axis| set.contains(axis)).collect()
            }
        }
    }

    /// How many axes are named, if that does not depend on the tensor.
    pub(crate) fn count(&self) -> Option<usize> {
        match &self.which {
            Which::One(_) | Which::FromFront(_) => Some(1),
            Which::Several(list) => Some(list.len()),
            Which::First(count) => Some(*count),
            // Both ends count from the same side, or its length depends on the tensor.
            &Which::Range(start, Some(end)) if (start < 0) == (end < 0) => Some(end.saturating_sub(start).max(0) as usize),
            &Which::Range(start, None) if start < 0 => Some(start.unsigned_abs()),
            Which::All | Which::Range(..) => None,
        }
    }
}

/// The ends of a range of axes, counted from the front; the second is not before the first.
#[track_caller]
fn resolve_range(op: &str, start: isize, end: Option<isize>, ndim: usize) -> (usize, usize) {
    let from_front = |at: isize| if at < 0 { ndim.checked_sub(at.unsigned_abs()) } else { Some(at as usize) };
    match (from_front(start), end.map_or(Some(ndim), from_front)) {
        (Some(start), Some(end)) if start <= end && end <= ndim => (start, end),
        _ => {
            let end = end.map_or(String::new(), |end| end.to_string());
            panic!("{op}: {start}..{end} is no range of the axes of a tensor that has {ndim} (negative ends count from the end)")
        }
    }
}

/// The set of the first `count` axes.
fn first(count: usize) -> u64 {
    const { assert!(MAX_AXES == 64, "a bit for every axis") };
    assert!(count <= MAX_AXES, "no tensor has {count} axes");
    if count == MAX_AXES { u64::MAX } else { (1 << count) - 1 }
}

impl AxisSet {
    /// The same axes, kept in the result with size 1.
    pub(crate) fn kept(self) -> Self {
        AxisSet { keep: true, ..self }
    }

    pub(crate) fn contains(self, axis: usize) -> bool {
        self.bits >> axis & 1 == 1
    }

    /// `shape` with the reduced axes at size 1.
    pub(crate) fn kept_shape(self, shape: &[usize]) -> IxDyn {
        let mut kept = IxDyn(shape);
        for axis in 0..shape.len() {
            if self.contains(axis) {
                kept[axis] = 1;
            }
        }
        kept
    }

    /// The shape of the reduction's result.
    pub(crate) fn reduced_shape(self, shape: &[usize]) -> IxDyn {
        if self.keep {
            return self.kept_shape(shape);
        }
        let mut reduced = IxDyn::zeros(shape.len() - self.bits.count_ones() as usize);
        let kept = (0..shape.len()).filter(|&axis| !self.contains(axis));
        for (to, axis) in kept.enumerate() {
            reduced[to] = shape[axis];
        }
        reduced
    }

    /// How many elements each element of the result is made from.
    pub(crate) fn count(self, shape: &[usize]) -> usize {
        shape.iter().enumerate().filter(|&(axis, _)| self.contains(axis)).map(|(_, &n)| n).product()
    }
}

/// An axis counted from the front; negative ones count from the end, -1 is the last.
///
/// # Panics
/// If it is out of range.
#[track_caller]
pub(crate) fn resolve_axis(op: &str, axis: isize, ndim: usize) -> usize {
    let resolved = if axis < 0 { ndim.checked_sub(axis.unsigned_abs()) } else { Some(axis as usize) };
    match resolved {
        Some(resolved) if resolved < ndim => resolved,
        _ => panic!("{}", OutOfRange { op, axis, ndim }),
    }
}

/// What is said of an axis that is not there.
struct OutOfRange<'a, A> {
    op: &'a str,
    axis: A,
    ndim: usize,
}

impl<A: Display> Display for OutOfRange<'_, A> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let OutOfRange { op, axis, ndim } = self;
        write!(f, "{op}: axis {axis} is out of range for a tensor with {ndim} axes (negative axes count from the end)")
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Axes { which: Which::All, keep: false }
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Axes { which: Which::One(axis), keep: false }
    }
}

impl From<i32> for Axes {
    fn from(axis: i32) -> Self {
        Axes::from(axis as isize)
    }
}

impl From<usize> for Axes {
    fn from(axis: usize) -> Self {
        Axes { which: Which::FromFront(axis), keep: false }
    }
}

impl From<Vec<isize>> for Axes {
    fn from(axes: Vec<isize>) -> Self {
        Axes { which: Which::Several(axes), keep: false }
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Axes::from(axes.to_vec())
    }
}

impl From<&Vec<isize>> for Axes {
    fn from(axes: &Vec<isize>) -> Self {
        Axes::from(axes.clone())
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Axes::from(axes.to_vec())
    }
}

impl<const N: usize> From<&[isize; N]> for Axes {
    fn from(axes: &[isize; N]) -> Self {
        Axes::from(axes.to_vec())
    }
}

impl From<Range<isize>> for Axes {
    fn from(range: Range<isize>) -> Self {
        Axes { which: Which::Range(range.start, Some(range.end)), keep: false }
    }
}

impl From<RangeFrom<isize>> for Axes {
    fn from(range: RangeFrom<isize>) -> Self {
        Axes { which: Which::Range(range.start, None), keep: false }
    }
}

impl From<RangeTo<isize>> for Axes {
    fn from(range: RangeTo<isize>) -> Self {
        Axes::from(0..range.end)
    }
}

impl From<RangeInclusive<isize>> for Axes {
    fn from(range: RangeInclusive<isize>) -> Self {
        // One past -1 is the end, and past the largest number there is none.
        let end = range.end().checked_add(1).filter(|&end| end != 0);
        Axes { which: Which::Range(*range.start(), end), keep: false }
    }
}

impl From<RangeToInclusive<isize>> for Axes {
    fn from(range: RangeToInclusive<isize>) -> Self {
        Axes::from(0..=range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `range(5)[..]` is in Python.
    #[test]
    fn ranges() {
        let five = |axes: Axes| axes.in_order("sum", 5);
        assert_eq!(five((1..3).into()), [1, 2]);
        assert_eq!(five((..-1).into()), [0, 1, 2, 3]);
        assert_eq!(five((-2..).into()), [3, 4]);
        assert_eq!(five((1..-1).into()), [1, 2, 3]);
        assert_eq!(five((1..=3).into()), [1, 2, 3]);
        assert_eq!(five((-3..=-1).into()), [2, 3, 4]);
        assert_eq!(five((..=0).into()), [0]);
        assert_eq!(five((5..).into()), [0; 0]);
        assert_eq!(five((2..2).into()), [0; 0]);
        assert_eq!(five((..).into()), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn lists_are_taken_as_they_come() {
        for axes in [Axes::from([2, 0]), [2, 0].as_slice().into(), vec![2, 0].into(), (&vec![2, 0]).into()] {
            assert_eq!(axes.in_order("permute", 3), [2, 0]);
        }
        assert_eq!(Axes::from(&[-1, 0]).in_order("permute", 3), [2, 0]);
    }

    #[test]
    fn as_many_axes_as_there_are() {
        let set = Axes::from(0..64).resolve("sum", 64);
        assert!((0..64).all(|axis| set.contains(axis)));
        assert_eq!(Axes::from(isize::MIN..isize::MIN + 3).count(), Some(3));
        assert_eq!(Axes::from(isize::MIN..).count(), Some(1 << 63));
        assert_eq!((Axes::from(..-1).count(), Axes::from(1..).count()), (None, None));
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn what_is_no_range_of_the_axes() {
        let message = |axes: Axes| {
            let panic = std::panic::catch_unwind(|| axes.resolve("sum", 2)).expect_err("out of range");
            panic.downcast_ref::<String>().expect("a message").clone()
        };
        assert!(message((0..3).into()).starts_with("sum: 0..3 is no range of the axes of a tensor that has 2"));
        assert!(message((2..1).into()).contains("2..1"));
        assert!(message((-3..).into()).contains("-3.. is"));
        assert!(message((0..=isize::MAX - 1).into()).contains("9223372036854775807"));
        assert!(message((isize::MIN..isize::MAX).into()).contains("-9223372036854775808"));
    }
}
