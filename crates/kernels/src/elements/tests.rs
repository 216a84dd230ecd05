use ndarray::{ArrayD, Axis, Slice};

use super::*;

/// 1, 2, 3, ... in row-major order.
pub(crate) fn numbered(shape: &[usize]) -> ArrayD<f64> {
    let mut next = 0.0;
    ArrayD::from_shape_simple_fn(shape, || {
        next += 1.0;
        next
    })
}

/// In every build profile, a shape has all its elements in memory.
#[test]
fn no_shape_without_its_elements() {
    use std::panic::catch_unwind;
    let shape = [3, 12297829382473034432];
    assert!(catch_unwind(|| Elements::new(IxDyn(&shape), vec![0.0_f32; 64])).is_err());
    assert!(catch_unwind(|| Elements::new(IxDyn(&[3]), vec![0.0_f32; 4])).is_err());
    let memory = || Memory::full(&[64], 0.0_f32);
    assert!(catch_unwind(|| Elements::of_memory(IxDyn(&shape), memory())).is_err());
    assert!(catch_unwind(|| Elements::of_memory(IxDyn(&[65]), memory())).is_err());
    let elements = Elements::of_memory(IxDyn(&[64]), memory());
    assert!(catch_unwind(|| elements.reshaped(IxDyn(&shape))).is_err());
    assert!(catch_unwind(|| elements.reshaped(IxDyn(&[65]))).is_err());
    assert!(catch_unwind(|| elements.reshaped(IxDyn(&[63]))).is_err());
    assert!(catch_unwind(|| Elements::<f32>::full(IxDyn(&shape), 0.0)).is_err());
    assert!(catch_unwind(|| Elements::from(ArrayD::<f32>::zeros(vec![1; 65]))).is_err());
}

#[test]
fn any_layout_of_an_array_comes_in() {
    let array = numbered(&[4, 6]);
    let mut gapped = array.clone();
    gapped.slice_axis_inplace(Axis(1), Slice::from(1..).step_by(2));
    let mut backwards = array.clone();
    backwards.invert_axis(Axis(0));
    for array in [array.clone(), array.clone().reversed_axes(), gapped, backwards] {
        assert_eq!(Elements::from(array.clone()).view(), array);
    }
}

/// Wherever it begins, and however much memory follows.
#[test]
fn an_empty_part_of_an_array_comes_in() {
    for length in [3, 300] {
        for start in [0, 1, length] {
            let mut part = numbered(&[length]);
            part.slice_axis_inplace(Axis(0), Slice::from(start..start));
            let elements = Elements::from(part.clone());
            assert_eq!((elements.view(), elements.len()), (part.view(), 0));
            assert_eq!(elements.as_slice(), Some(&[][..]));
        }
    }
}

#[test]
fn a_change_copies_shared_memory_once() {
    let mut elements = Elements::from(numbered(&[2, 2]));
    let other = elements.permuted(&[1, 0]);
    elements.view_mut()[[0, 1]] = 9.0;
    assert_eq!(other.view()[[1, 0]], 2.0);
    let address = elements.view().as_ptr();
    elements.view_mut()[[1, 1]] = 8.0;
    assert_eq!((elements.view().as_ptr(), elements.view()[[0, 1]]), (address, 9.0));
}
