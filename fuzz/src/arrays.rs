//! `ndarray` arrays in every layout: reversed, with gaps, column-major, with stride 0, and empty.

use downhill_tensor::{Float, Tensor};
use ndarray::{ArcArray, ArrayD, ArrayViewD, Axis, IxDyn, ShapeBuilder, Slice};

use crate::random::Random;
use crate::shapes;

fn array<F: Float>(random: &mut Random, shape: &[usize]) -> ArrayD<F> {
    let seed = random.next();
    let mut elements = Random::new(seed);
    let draw = || F::from_f64(elements.element());
    if random.once_in(3) {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        return ArrayD::from_shape_simple_fn(IxDyn(&reversed), draw).reversed_axes();
    }
    if random.once_in(8) {
        ArrayD::from_shape_simple_fn(IxDyn(shape).f(), draw)
    } else {
        ArrayD::from_shape_simple_fn(IxDyn(shape), draw)
    }
}

/// An owned array with axes reversed, swapped, sliced, inserted and removed at random.
pub(crate) fn owned<F: Float>(random: &mut Random) -> ArrayD<F> {
    let shape = if random.once_in(8) { zero_sized(random) } else { shapes::small(random) };
    let mut array = array(random, &shape);
    for _ in 0..random.below(4) {
        if array.ndim() == 0 {
            break;
        }
        let axis = Axis(random.below(array.ndim()));
        let size = array.len_of(axis);
        match random.below(5) {
            0 => array.invert_axis(axis),
            1 => {
                let (start, end) = (random.below(size.min(100) + 1), random.below(size.min(100) + 1));
                let step = random.pick(&[1, 1, 2, 3, -1, -2, isize::MAX]);
                array.slice_axis_inplace(axis, Slice::from(start.min(end)..start.max(end)).step_by(step));
            }
            2 => array.swap_axes(axis.index(), 0),
            3 => array = array.insert_axis(axis),
            _ if size > 0 => array = array.index_axis_move(axis, random.below(size.min(100))),
            _ => {}
        }
    }
    array
}

/// An empty shape at the limits of `ndarray`, which limits the number of elements where a tensor limits the bytes.
fn zero_sized(random: &mut Random) -> Vec<usize> {
    let size = random.pick(&[1, 3, 1 << 45, 1 << 59, (1 << 60) - 1, 1 << 60, 1 << 61, isize::MAX as usize]);
    random.pick(&[vec![0, size], vec![size, 0], vec![0, 1, size, 0], vec![1, 0, size]])
}

/// A tensor made from an array, by any of the conversions.
pub(crate) fn tensor<F: Float>(random: &mut Random) -> Tensor<F> {
    let array = owned(random);
    match random.below(8) {
        0 => Tensor::from(array.view()),
        1 => Tensor::from(&array),
        2 => Tensor::from(ArcArray::from(array)),
        3 => Tensor::param(array),
        4 => repeated(random, array.view()),
        5 => Tensor::from(array.into_iter().collect::<Vec<F>>()),
        _ => Tensor::from(array),
    }
}

/// A tensor made from a broadcast view, which repeats elements with stride 0.
fn repeated<F: Float>(random: &mut Random, view: ArrayViewD<'_, F>) -> Tensor<F> {
    let shape = shapes::stretched(random, view.shape());
    match view.broadcast(shape.as_slice()) {
        Some(view) if shapes::is_allowed(shapes::elements(&shape)) => Tensor::from(view),
        _ => Tensor::from(view),
    }
}

/// Indices along an axis of a tensor of this shape, usually in range.
pub(crate) fn indices(random: &mut Random, shape: &[usize], axis: usize) -> ArrayD<usize> {
    let mut places: Vec<usize> = shape.iter().map(|&n| if random.once_in(3) { n.min(2) } else { n }).collect();
    if let Some(along) = places.get_mut(axis) {
        *along = random.below(6);
    }
    if random.once_in(12) {
        places = shapes::small(random);
    }
    if shapes::elements(&places) > 1 << 16 || places.iter().any(|&n| n > shapes::SMALL) {
        places = vec![0; places.len()];
    }
    let size = shape.get(axis).copied().unwrap_or(1);
    let indices = ArrayD::from_shape_simple_fn(places, || match random.below(500) {
        0 => shapes::position(random, size),
        _ => random.below(size.clamp(1, 100)),
    });
    if random.once_in(3) { indices.reversed_axes() } else { indices }
}
