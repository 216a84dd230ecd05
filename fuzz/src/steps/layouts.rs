//! Shapes, slices and joins: elements that stay what they are, in another tensor.

use downhill_tensor::{Float, Tensor, concat, stack};
use ndarray::SliceInfoElem;

use super::reductions::axes;
use crate::random::Random;
use crate::shapes::{self, axis, position, some_size};

pub(super) fn reshaped<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let (a, b) = (axis(random, x.ndim()), axis(random, x.ndim()));
    match random.below(15) {
        0 => x.reshape(&shapes::any(random)),
        1..4 => x.reshape(&shapes::regrouped(random, x.shape())),
        4 => x.flatten(a, b),
        5 => x.squeeze(),
        6 => x.squeeze_axis(axes(random, x.ndim())),
        7 => x.unsqueeze(axis(random, x.ndim() + 1)),
        8 => x.transpose(a, b),
        9 => x.t(),
        10 => {
            let mut order: Vec<isize> = (0..x.ndim() as isize).collect();
            for i in (1..order.len()).rev() {
                order.swap(i, random.below(i + 1));
            }
            if random.once_in(8) {
                order.push(a);
            }
            x.permute(&order)
        }
        11 => x.sum_to_size(&shapes::any(random)),
        _ => {
            let shape = shapes::stretched(random, x.shape());
            if shapes::is_allowed(shapes::elements(&shape)) { x.broadcast_to(&shape) } else { x.clone() }
        }
    }
}

pub(super) fn pieces<F: Float>(random: &mut Random, x: &Tensor<F>) -> Vec<Tensor<F>> {
    let along = axis(random, x.ndim());
    let size = some_size(random, x.shape());
    let few = |size: usize| !(100..=shapes::ABSURD).contains(&size);
    match random.below(3) {
        0 if x.shape().iter().all(|&n| few(n)) => x.split(random.pick(&[0, 1, 2, 3, size, usize::MAX]), along),
        1 => x.chunk(random.pick(&[0, 1, 2, 3, 7]), along),
        _ => {
            let first = position(random, size);
            x.split_sizes(&[first, size.wrapping_sub(first)], along)
        }
    }
}

pub(super) fn sliced<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let along = axis(random, x.ndim());
    let size = some_size(random, x.shape());
    match random.below(4) {
        0 if random.once_in(2) => {
            x.narrow(along, (position(random, size) as isize).wrapping_sub(size as isize), position(random, size))
        }
        0 => x.narrow(along, position(random, size), position(random, size)),
        1 => x.select(along, position(random, size)),
        _ => {
            let mut entries = Vec::new();
            let extreme = [isize::MIN, isize::MAX, -isize::MAX, -1, 0, 100];
            for &size in x.shape().iter().take(5) {
                let place = |random: &mut Random| match random.below(24) {
                    0 => random.pick(&extreme),
                    _ => random.below(2 * size.min(100) + 1) as isize - size.min(100) as isize,
                };
                entries.push(match random.below(6) {
                    0 => SliceInfoElem::Index(place(random)),
                    1 => SliceInfoElem::NewAxis,
                    _ => {
                        let (start, end) = (place(random), random.once_in(2).then_some(place(random)));
                        let step = match random.below(16) {
                            0 => random.pick(&extreme),
                            _ => random.pick(&[1, 1, 2, 3, -1, -2]),
                        };
                        SliceInfoElem::Slice { start, end, step }
                    }
                });
            }
            x.slice(entries)
        }
    }
}

pub(super) fn joined<F: Float>(random: &mut Random, xs: &[&Tensor<F>]) -> Vec<Tensor<F>> {
    let mut list: Vec<Tensor<F>> = Vec::new();
    for _ in 0..random.below(5) {
        let x = random.pick(xs);
        // Usually the first tensor, sometimes with another size along an axis.
        let like = xs[0].clone();
        list.push(match random.below(4) {
            0 => x.clone(),
            1 if like.ndim() > 0 => like.narrow(0, 0, like.shape()[0].min(2)),
            _ => like,
        });
    }
    let along = axis(random, xs[0].ndim());
    if random.once_in(3) { vec![stack(&list, along)] } else { vec![concat(&list, along)] }
}
