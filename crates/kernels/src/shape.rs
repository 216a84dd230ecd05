//! Which shapes a tensor can have. Everything that makes a tensor checks its shape here first.

/// The maximum number of axes of a tensor: 64, as in PyTorch and NumPy.
pub const MAX_AXES: usize = 64;

/// The number of elements of a tensor of this shape, or `None` if the shape is not valid: a tensor has at most [`MAX_AXES`]
/// axes, and the product of its nonzero sizes is at most `isize::MAX` bytes. This holds for any subset of the axes too, so
/// no product of sizes overflows anywhere else. (`ndarray` has the same limit; zeros are left out of the product because
/// even an empty view has strides, whose address offsets must not overflow.)
#[inline]
pub fn size<T>(shape: &[usize]) -> Option<usize> {
    const { assert!(size_of::<T>() > 0) };
    let (mut bytes, mut empty) = (size_of::<T>(), shape.len() > MAX_AXES);
    if empty {
        return None;
    }
    for &n in shape {
        empty |= n == 0;
        bytes = bytes.checked_mul(n.max(1))?;
    }
    let size = if empty { 0 } else { bytes / size_of::<T>() };
    (bytes <= isize::MAX as usize).then_some(size)
}

/// [`size`], or the reason why the shape is not valid, for an operation's `check` to return.
#[inline]
pub fn check<T>(shape: &[usize]) -> Result<usize, String> {
    size::<T>(shape).ok_or_else(|| reason(shape))
}

#[cold]
fn reason(shape: &[usize]) -> String {
    match shape.len() {
        0..=MAX_AXES => {
            format!("the shape {shape:?} is too large: it takes more than isize::MAX bytes (axes of size 0 aside)")
        }
        axes => format!("a tensor has at most {MAX_AXES} axes, not {axes}"),
    }
}

/// The number of elements of a tensor with elements of type `T` and this shape, for code that allocates them itself;
/// `operation` is for the panic message.
///
/// ```
/// use downhill_kernels::checked_size;
/// assert_eq!(checked_size::<f32>("my_zeros", &[2, 3, 4]), 24);
/// ```
///
/// # Panics
/// If the shape has more than [`MAX_AXES`] axes, or the product of its nonzero sizes is more than `isize::MAX` bytes.
#[inline]
#[track_caller]
pub fn checked_size<T>(operation: &str, shape: &[usize]) -> usize {
    match size::<T>(shape) {
        Some(size) => size,
        None => refuse(operation, shape),
    }
}

#[cold]
#[track_caller]
fn refuse(operation: &str, shape: &[usize]) -> ! {
    panic!("{operation}: {}", reason(shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size::<f32>(&[]), Some(1));
        assert_eq!(size::<f64>(&[2, 3, 4]), Some(24));
        assert_eq!(size::<f32>(&[2, 0, 4]), Some(0));
        assert_eq!(size::<f32>(&[1; MAX_AXES]), Some(1));
        assert_eq!(size::<f32>(&[1; MAX_AXES + 1]), None);
        assert_eq!(size::<f32>(&[0; MAX_AXES + 1]), None);
    }

    /// `isize::MAX` is 2⁶³ - 1, so at most 2⁶¹ - 1 elements of four bytes fit.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn bytes() {
        assert_eq!(size::<u8>(&[(1 << 63) - 1]), Some((1 << 63) - 1));
        assert_eq!(size::<u8>(&[1 << 63]), None);
        assert_eq!(size::<f32>(&[(1 << 61) - 1]), Some((1 << 61) - 1));
        assert_eq!(size::<f32>(&[1 << 61]), None);
        assert_eq!(size::<f64>(&[1 << 60]), None);
        // The product of the last one wraps around to 64.
        for shape in [[1 << 31, 1 << 31, 2], [0, 1 << 61, 1], [usize::MAX, 0, 2], [3, 12297829382473034432, 1]] {
            assert_eq!(size::<f32>(&shape), None, "{shape:?}");
        }
        assert_eq!(size::<f32>(&[0, (1 << 61) - 1]), Some(0));
    }

    #[test]
    fn the_message_for_too_many_axes_does_not_list_them() {
        assert_eq!(check::<f32>(&[1; 100_000]), Err("a tensor has at most 64 axes, not 100000".into()));
        let reason = check::<f32>(&[usize::MAX, 2]).unwrap_err();
        assert!(reason.contains("[18446744073709551615, 2] is too large"), "{reason}");
    }
}
