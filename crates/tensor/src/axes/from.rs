//! Conversions into [`Axes`].

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::{Axes, Which};

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
        // An inclusive end of -1 is the last axis; so is one whose successor overflows.
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

    fn named(axes: Axes, ndim: usize) -> Vec<usize> {
        let set = axes.resolve("sum", ndim);
        (0..ndim).filter(|&axis| set.contains(axis)).collect()
    }

    /// The same axes as `range(5)[..]` in Python.
    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn ranges() {
        let five = |axes: Axes| named(axes, 5);
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
        for axes in [Axes::from([-1, 0]), [2, 0].as_slice().into(), vec![2, 0].into(), (&vec![2, 0]).into()] {
            assert_eq!(named(axes, 3), [0, 2]);
        }
        assert_eq!(named(Axes::from(&[-1, 0]), 3), [0, 2]);
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
        assert!(message((0..3).into()).starts_with("sum: 0..3 is not a valid axis range for a tensor with 2 axes"));
        assert!(message((2..1).into()).contains("2..1"));
        assert!(message((-3..).into()).contains("-3.. is"));
        assert!(message((0..=isize::MAX - 1).into()).contains("9223372036854775807"));
        assert!(message((isize::MIN..isize::MAX).into()).contains("-9223372036854775808"));
    }
}
