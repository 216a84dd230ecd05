//! Copying a few elements without a call: the rows of small images are as long as a vector or two.

/// Copies a slice to one of the same length.
#[inline(always)]
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    match from.len() {
        0..4 => to.iter_mut().zip(from).for_each(|(to, &x)| *to = x),
        4..8 => both_ends::<T, 4>(from, to),
        8..16 => both_ends::<T, 8>(from, to),
        16..=32 => both_ends::<T, 16>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// Copies from `N` to `2·N` elements: the first `N` and the last, which may overlap.
#[inline(always)]
fn both_ends<T: Copy, const N: usize>(from: &[T], to: &mut [T]) {
    let to = &mut to[..from.len()];
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length() {
        for len in 0..70_usize {
            let from: Vec<usize> = (1..=len).collect();
            let mut to = vec![0; len + 2];
            copy(&from, &mut to[1..=len]);
            assert_eq!((to[0], &to[1..=len], to[len + 1]), (0, &from[..], 0));
        }
    }
}
