//! Reductions over axes, and functions along one: sums, moments, softmax, order.

use downhill_tensor::{Axes, Float, Interpolation, Tensor, keep};
use ndarray::ArrayD;

use super::products::attended;
use crate::random::Random;
use crate::shapes::{axis, position, some_size};

pub(super) fn reduced<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let axes = axes(random, x.ndim());
    let along = axis(random, x.ndim());
    match random.below(25) {
        0 => x.mean_axis(axes),
        1 => x.max_axis(axes),
        2 => x.min_axis(axes),
        3 => x.prod_axis(axes),
        4 => x.var_with(random.pick(&[0, 1, 5, usize::MAX]), axes),
        5 => x.std_axis(axes),
        6 => x.norm_axis(
            F::from_f64(random.pick(&[0.0, 1.0, 2.0, 3.0, -1.0, 0.5, f64::INFINITY, f64::NEG_INFINITY])),
            axes,
        ),
        7 => x.logsumexp_axis(axes),
        8 => x.softmax(along),
        9 => x.log_softmax(along),
        10 => x.cumsum(along),
        11 => positions(x.argmax(along)),
        12 => positions(x.argmin(along)),
        13 => x.sum(),
        14 => x.flip(axes),
        15 => x.standardize(axes, random.pick(&[0.0, 1e-5, -1.0])),
        16 => x.standardize_with_moments(axes, 1e-5).1[1].clone(),
        17 => x.rms_normalize(axes, 1e-5),
        18 => x.softmax_or_zero(along),
        19 => attended(random, x),
        _ => x.sum_axis(axes),
    }
}

pub(super) fn ordered<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let along = axis(random, x.ndim());
    let size = some_size(random, x.shape());
    match random.below(8) {
        0 => x.sort(along, random.once_in(2)).0,
        1 => Tensor::from(x.argsort(along, random.once_in(2)).mapv(|place| F::from_f64(place as f64))),
        2..4 => {
            x.topk(if random.once_in(8) { position(random, size) } else { random.below(4) }, along, random.once_in(2)).0
        }
        4 => x.median_axis(axes(random, x.ndim())),
        5 => {
            let q = random.pick(&[0.0, 0.25, 0.5, 0.9, 1.0, 1.5, f64::NAN]);
            let ways = [
                Interpolation::Linear,
                Interpolation::Lower,
                Interpolation::Higher,
                Interpolation::Nearest,
                Interpolation::Midpoint,
            ];
            x.quantile_with(q, random.pick(&ways), axes(random, x.ndim()))
        }
        6 => x.cumprod(along),
        _ => x.logcumsumexp(along),
    }
}

pub(super) fn axes(random: &mut Random, ndim: usize) -> Axes {
    let axes = match random.below(8) {
        0 => Axes::from(..),
        1 => {
            let list = random.some(7, |random| axis(random, ndim));
            Axes::from(list.as_slice())
        }
        2 => {
            let list: Vec<isize> = (0..ndim as isize).filter(|_| random.once_in(2)).collect();
            Axes::from(list.as_slice())
        }
        3 => Axes::from(position(random, ndim)),
        _ => Axes::from(axis(random, ndim)),
    };
    if random.once_in(2) { keep(axes) } else { axes }
}

fn positions<F: Float>(places: ArrayD<usize>) -> Tensor<F> {
    Tensor::from(places.mapv(|place| F::from_f64(place as f64)))
}
