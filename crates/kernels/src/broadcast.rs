//! NumPy's broadcasting rule.

use crate::shape;

/// The shape that two shapes broadcast to. They are aligned at the last axis; sizes must be equal, or one of them 1.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let ndim = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(ndim).map_or(1, |i| shape[i]);
    let pair = |axis| match (size(a, axis), size(b, axis)) {
        (n, m) if n == m => Ok(n),
        (1, n) | (n, 1) => Ok(n),
        (n, m) => Err(format!(
            "the sizes {n} and {m} of axis {} (counted from the end) differ and neither is 1; \
             shapes are aligned at their last axes: insert an axis of size 1 with `.unsqueeze(axis)` \
             or reorder axes with `.permute(..)`",
            axis as isize - ndim as isize
        )),
    };
    (0..ndim).map(pair).collect()
}

/// [`broadcast_shape`], with an error if the result is too large for a tensor of `T`.
pub fn joint_shape<T>(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let shape = broadcast_shape(a, b)?;
    shape::check::<T>(&shape)?;
    Ok(shape)
}

/// Checks that two shapes of tensors of `T` broadcast. Does not allocate if they are equal or one is a scalar's.
pub fn check_broadcast<T>(a: &[usize], b: &[usize]) -> Result<(), String> {
    if a == b || a.is_empty() || b.is_empty() { Ok(()) } else { joint_shape::<T>(a, b).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numpys_rule() {
        assert_eq!(broadcast_shape(&[3, 1], &[1, 4]).unwrap(), [3, 4]);
        assert_eq!(broadcast_shape(&[2, 3], &[3]).unwrap(), [2, 3]);
        assert_eq!(broadcast_shape(&[], &[2, 0]).unwrap(), [2, 0]);
        assert_eq!(broadcast_shape(&[1], &[0]).unwrap(), [0]);
        assert!(broadcast_shape(&[2], &[3]).unwrap_err().contains("the sizes 2 and 3 of axis -1"));
        assert!(broadcast_shape(&[0], &[3]).is_err());
    }
}
