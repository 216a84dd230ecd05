//! Which axes a reduction runs over, and whether it keeps them.

mod from;

use std::fmt::{self, Display, Formatter};

use downhill_kernels::AxisSet;

use crate::{Attribute, MAX_AXES};

/// Axes of a tensor: one (`1`, `-1` for the last), several (`[0, 2]`, a slice or a `Vec`), a range (`1..3`, `..-1`) or
/// all (`..`). They are `isize` everywhere, and negative ones count from the end. [`keep`] makes a reduction keep the
/// reduced axes with size 1, so that the result still broadcasts against the input.
///
/// A range works like a slice in Python: `..-1` is every axis but the last, `1..` every axis but the first. (There is
/// no -0: to include the last axis, omit the end.)
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
    /// From the first (inclusive) to the second (exclusive), or to the last axis if there is no second.
    Range(isize, Option<isize>),
}

/// The same axes, kept in the result with size 1: `keepdim=True` in PyTorch.
pub fn keep(axes: impl Into<Axes>) -> Axes {
    Axes { keep: true, ..axes.into() }
}

impl Axes {
    /// The first `count` axes; the tensor must have at least that many.
    pub(crate) fn first(count: usize) -> Self {
        Axes { which: Which::First(count), keep: false }
    }

    /// # Panics
    /// If an axis is out of range or named twice; `op` is for the message.
    ///
    /// The result is a bit set with one bit for each of up to [`MAX_AXES`] axes.
    #[track_caller]
    pub(crate) fn resolve(&self, op: &str, ndim: usize) -> AxisSet {
        let bits = match &self.which {
            Which::All => AxisSet::first(ndim).bits,
            Which::First(count) => AxisSet::first(*count).bits,
            Which::FromFront(axis) => {
                assert!(*axis < ndim, "{}", OutOfRange { op, axis, ndim });
                1 << axis
            }
            Which::One(axis) => 1 << resolve_axis(op, *axis, ndim),
            Which::Several(list) => {
                let mut bits = 0;
                // A loop: a closure would not inherit `#[track_caller]`.
                for &axis in list {
                    let bit = 1 << resolve_axis(op, axis, ndim);
                    assert!(bits & bit == 0, "{op}: axis {axis} is named twice in {list:?}");
                    bits |= bit;
                }
                bits
            }
            Which::Range(start, end) => {
                let (start, end) = resolve_range(op, *start, *end, ndim);
                AxisSet::first(end).bits & !AxisSet::first(start).bits
            }
        };
        AxisSet { bits, keep: self.keep }
    }

    /// How many axes are named, if that can be known without the tensor.
    pub(crate) fn count(&self) -> Option<usize> {
        match &self.which {
            Which::One(_) | Which::FromFront(_) => Some(1),
            Which::Several(list) => Some(list.len()),
            Which::First(count) => Some(*count),
            // If both ends count from the same side, their distance is the count; if not, it depends on the tensor.
            &Which::Range(start, Some(end)) if (start < 0) == (end < 0) => {
                Some(end.saturating_sub(start).max(0) as usize)
            }
            &Which::Range(start, None) if start < 0 => Some(start.unsigned_abs()),
            Which::All | Which::Range(..) => None,
        }
    }
}

/// The ends of a range of axes, counted from the front, with `start <= end`.
#[track_caller]
fn resolve_range(op: &str, start: isize, end: Option<isize>, ndim: usize) -> (usize, usize) {
    let from_front = |at: isize| if at < 0 { ndim.checked_sub(at.unsigned_abs()) } else { Some(at as usize) };
    match (from_front(start), end.map_or(Some(ndim), from_front)) {
        (Some(start), Some(end)) if start <= end && end <= ndim => (start, end),
        _ => {
            let end = end.map_or(String::new(), |end| end.to_string());
            panic!(
                "{op}: {start}..{end} is not a valid axis range for a tensor with {ndim} axes (negative ends \
                 count from the end)"
            )
        }
    }
}

/// The attributes of a reduction.
pub(crate) fn attributes(set: AxisSet) -> Vec<(&'static str, Attribute)> {
    let axes: Vec<usize> = (0..MAX_AXES).filter(|&axis| set.contains(axis)).collect();
    vec![("axes", axes.as_slice().into()), ("keep", set.keep.into())]
}

/// An axis counted from the front; negative axes count from the end, -1 is the last.
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

/// The error message for an axis that is out of range.
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
