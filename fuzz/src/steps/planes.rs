//! Pooling, padding and resizing, with valid and invalid options.

use downhill_tensor::{
    AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, Float, InterpolateMode, MaxPool, PadMode, Resize, Tensor, Upsample,
};

use crate::random::Random;
use crate::shapes::{self, position};

/// A small number, or now and then a hostile one.
fn number(random: &mut Random, least: usize) -> usize {
    match random.below(64) {
        0 => 0,
        1 => position(random, 5),
        _ => least + random.below(3),
    }
}

fn numbers<const D: usize>(random: &mut Random, least: usize) -> [usize; D] {
    std::array::from_fn(|_| number(random, least))
}

fn max_pool<const D: usize>(random: &mut Random) -> MaxPool<D> {
    MaxPool {
        kernel_size: numbers(random, 1),
        stride: random.once_in(2).then(|| numbers(random, 1)),
        padding: if random.once_in(3) { numbers(random, 0) } else { [0; D] },
        dilation: if random.once_in(3) { numbers(random, 1) } else { [1; D] },
        ceil_mode: random.once_in(2),
    }
}

fn avg_pool<const D: usize>(random: &mut Random) -> AvgPool<D> {
    let MaxPool { kernel_size, stride, padding, ceil_mode, .. } = max_pool(random);
    let divisor_override = random.once_in(4).then(|| number(random, 1));
    AvgPool { kernel_size, stride, padding, ceil_mode, count_include_pad: random.once_in(2), divisor_override }
}

fn output_size<const D: usize>(random: &mut Random) -> [Option<usize>; D] {
    std::array::from_fn(|_| (!random.once_in(4)).then(|| number(random, 1)))
}

/// Whether a result with other sizes of the last axes would be small or absurd.
fn is_allowed<F: Float>(x: &Tensor<F>, sizes: &[usize]) -> bool {
    let leading = x.ndim().saturating_sub(sizes.len());
    shapes::is_allowed(shapes::elements(&[&x.shape()[..leading], sizes].concat()))
}

/// Applies one of them to a tensor.
pub(crate) fn apply_one<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let last = |axis: usize| x.ndim().checked_sub(axis).map_or(1, |axis| x.shape()[axis]);
    match random.below(14) {
        0 => x.max_pool1d(max_pool(random)),
        1 => x.max_pool2d(max_pool(random)),
        2 => x.avg_pool1d(avg_pool(random)),
        3 => x.avg_pool2d(avg_pool(random)),
        4 => {
            let (y, indices) = x.max_pool2d_with_indices(max_pool(random));
            assert!(indices.shape() == y.shape(), "CONTRADICTION: one index for each maximum");
            assert!(indices.iter().all(|&at| at < last(1) * last(2)), "CONTRADICTION: an index outside the plane");
            y
        }
        5 => x.max_pool1d_with_indices(max_pool(random)).0,
        6 | 7 => {
            let output_size: [Option<usize>; 2] = output_size(random);
            if !is_allowed(x, &[output_size[0].unwrap_or(last(2)), output_size[1].unwrap_or(last(1))]) {
                return x.clone();
            }
            match random.below(4) {
                0 => x.adaptive_max_pool2d(AdaptiveMaxPool { output_size }),
                1 => x.adaptive_avg_pool2d(AdaptiveAvgPool { output_size }),
                2 => x.adaptive_max_pool1d(AdaptiveMaxPool { output_size: [output_size[1]] }),
                _ => x.adaptive_avg_pool1d(AdaptiveAvgPool { output_size: [output_size[1]] }),
            }
        }
        8..11 => {
            let padding = random.some(4, |random| (number(random, 0), number(random, 0)));
            let sizes: Vec<usize> = (0..padding.len())
                .map(|i| last(padding.len() - i).saturating_add(padding[i].0).saturating_add(padding[i].1))
                .collect();
            let value = random.element();
            let mode =
                random.pick(&[PadMode::Constant(value), PadMode::Reflect, PadMode::Replicate, PadMode::Circular]);
            if is_allowed(x, &sizes) { x.pad(&padding, mode) } else { x.clone() }
        }
        11 => {
            let axes = x.ndim().saturating_sub(2);
            let to = match random.below(3) {
                0 => Resize::from(number(random, 1)),
                1 => Resize::from(random.pick(&[0.5, 1.0, 1.7, 2.0, 0.0, -1.0, 1e300, f64::NAN])),
                _ => Resize::Size(random.some(4, |random| number(random, 1))),
            };
            let sizes: Vec<usize> = match &to {
                Resize::Size(list) => (0..axes).map(|i| list.get(i).or(list.first()).copied().unwrap_or(1)).collect(),
                Resize::Scale(list) => (0..axes).map(|i| (last(axes - i) as f64 * list[0]) as usize).collect(),
            };
            let align_corners = random.once_in(2);
            let mode = random.pick(&[InterpolateMode::Nearest, InterpolateMode::Linear { align_corners }]);
            if is_allowed(x, &sizes) { x.interpolate(&Upsample { to, mode }) } else { x.clone() }
        }
        12 if random.once_in(2) => x.pixel_shuffle(number(random, 1)),
        12 => x.pixel_unshuffle(number(random, 1)),
        _ => {
            let axis = shapes::axis(random, x.ndim());
            x.unflatten(axis, &shapes::regrouped(random, &[last(1)]))
        }
    }
}
