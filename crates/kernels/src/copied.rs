//! Copying an array in row-major order.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use ndarray::{ArrayViewD, IxDyn};

use crate::memory::Memory;
use crate::{Elements, Float, checked_size, operation};

/// A copy of a view in row-major order.
///
/// # Panics
/// If the shape is too large for a tensor, or the allocation fails.
#[track_caller]
pub fn copied<F: Float>(view: ArrayViewD<'_, F>) -> Elements<F> {
    let fill = |room: &mut [MaybeUninit<F>]| {
        let mut written = 0;
        // `for_each`, not a `for` loop: over an `ndarray` iterator it is 20 times as fast.
        view.iter().for_each(|&x| {
            room[written].write(x);
            written += 1;
        });
        assert!(written == room.len(), "one element per slot");
    };
    let len = checked_size::<F>(operation::name(), view.shape());
    // SAFETY: `fill` writes the slots in order and asserts that it has written all of them.
    let memory = unsafe { Memory::written_by(len, view.shape(), fill) };
    Elements::assembled(IxDyn(view.shape()), len, memory)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis, Slice};

    use super::*;

    #[test]
    fn any_view() {
        for shape in [vec![], vec![0, 3], vec![3, 5], vec![4, 6, 3]] {
            let mut next = 0.0;
            let array = ArrayD::from_shape_simple_fn(shape.clone(), || {
                next += 1.0_f64;
                next
            });
            let mut views = vec![array.view(), array.t(), array.broadcast([&[2], shape.as_slice()].concat()).unwrap()];
            if !shape.is_empty() {
                views.push(array.slice_axis(Axis(0), Slice::from(..).step_by(-2)));
            }
            for view in views {
                let copy = copied(view.clone());
                assert_eq!(copy.as_slice().unwrap(), view.iter().copied().collect::<Vec<_>>());
                assert_eq!(copy.shape(), view.shape());
            }
        }
    }
}
