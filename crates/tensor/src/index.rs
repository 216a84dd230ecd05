//! Positions along an axis, in the integer types that indices and labels come in.

use std::fmt::Display;

mod sealed {
    pub trait Sealed {}
}

/// An index type: `usize`, or one of `isize`, `i32` and `i64`, where negative indices count from the end (-1 is the
/// last).
///
/// [`select`](crate::Tensor::select), [`narrow`](crate::Tensor::narrow), [`gather`](crate::Tensor::gather),
/// [`scatter_add`](crate::Tensor::scatter_add) and [`index_select`](crate::Tensor::index_select) take it, so literals, the
/// result of `argmax` and indices saved by PyTorch all work.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an index type",
    label = "must be `usize`, `isize`, `i32` or `i64`",
    note = "convert with `.map(|index| index as usize)`; an empty list needs a type: `&[] as &[usize]`"
)]
pub trait AxisIndex: sealed::Sealed + Copy + Display {
    /// The position counted from the front; `None` if a negative index lies before the first position. The caller
    /// checks the upper bound.
    #[doc(hidden)]
    fn in_axis(self, size: usize) -> Option<usize>;
}

impl sealed::Sealed for usize {}
impl AxisIndex for usize {
    #[inline(always)]
    fn in_axis(self, _size: usize) -> Option<usize> {
        Some(self)
    }
}

macro_rules! signed {
    ($($T:ty),*) => {$(
        impl sealed::Sealed for $T {}
        impl AxisIndex for $T {
            #[inline(always)]
            fn in_axis(self, size: usize) -> Option<usize> {
                if self < 0 {
                    size.checked_sub(usize::try_from(self.unsigned_abs()).ok()?)
                } else {
                    // An index too large for this platform is too large for any axis.
                    Some(usize::try_from(self).unwrap_or(usize::MAX))
                }
            }
        }
    )*};
}

signed!(isize, i32, i64);

/// Indices along an axis of this size, counted from the front. Indices that are too large are left to the operation's
/// check.
///
/// # Panics
/// If a negative index lies before the first position.
#[track_caller]
pub(crate) fn from_front<I: AxisIndex>(
    op: &str,
    indices: impl Iterator<Item = I>,
    axis: usize,
    size: usize,
    into: &mut Vec<usize>,
) {
    // A loop: a closure would not inherit `#[track_caller]`.
    for index in indices {
        match index.in_axis(size) {
            Some(index) => into.push(index),
            None => panic!(
                "{op}: index {index} is out of range for axis {axis} of size {size} (negative indices count from \
                 the end)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_ones_count_from_the_end() {
        assert_eq!((-1_i32).in_axis(3), Some(2));
        assert_eq!((-3_isize).in_axis(3), Some(0));
        assert_eq!((-4_i64).in_axis(3), None);
        assert_eq!((-1_isize).in_axis(0), None);
        assert_eq!(7_i64.in_axis(3), Some(7));
        for size in [0, 3, usize::MAX >> 1] {
            assert_eq!(isize::MIN.in_axis(size), None);
            assert_eq!(i64::MIN.in_axis(size), None);
        }
        assert_eq!(usize::MAX.in_axis(3), Some(usize::MAX));
    }
}
