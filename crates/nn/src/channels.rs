//! What normalization layers share: the scale and the shift that they learn, and the running statistics of channels.
//!
//! `layer` is the layer's name, for messages; it is formatted only if there is one.

use std::fmt::Display;

use downhill_tensor::{Float, Tensor, checked_size, is_training, update_buffer};

/// A weight of 1 and a bias of 0 of this shape, or neither.
#[track_caller]
pub(crate) fn affine<F: Float>(layer: impl Display, shape: &[usize], affine: bool) -> [Option<Tensor<F>>; 2] {
    checked_size::<F>(&layer.to_string(), shape);
    let start = |tensor: fn(&[usize]) -> Tensor<F>| affine.then(|| Tensor::param(tensor(shape)));
    [start(Tensor::ones), start(Tensor::zeros)]
}

/// The buffers `running_mean`, `running_var` and `num_batches_tracked` before the first batch, or none of them.
#[track_caller]
pub(crate) fn running<F: Float>(layer: impl Display, channels: usize, track: bool) -> [Option<Tensor<F>>; 3] {
    let shape = [channels];
    checked_size::<F>(&layer.to_string(), &shape);
    let (zeros, ones) = (|| Tensor::zeros(&shape), || Tensor::ones(&shape));
    [track.then(zeros), track.then(ones), track.then(|| Tensor::zeros(&[]))]
}

/// Panics unless axis 1 of the input has the layer's number of channels.
#[track_caller]
pub(crate) fn assert_channels(layer: impl Display, x: &[usize], channels: usize) {
    assert!(x[1] == channels, "{layer} of {x:?}: axis 1 has size {}, but the layer has {channels} channels", x[1]);
}

/// `[N, C, ..]` normalized by the running mean and variance; `None` where those of the input count: in training, and if
/// there are no running ones.
///
/// # Panics
/// If there is one without the other.
#[track_caller]
pub(crate) fn by_running<F: Float>(
    layer: impl Display,
    x: &Tensor<F>,
    running: [&Option<Tensor<F>>; 2],
    eps: f64,
) -> Option<Tensor<F>> {
    let along = |per_channel: &Tensor<F>| spread(per_channel, x.ndim());
    match running {
        [Some(mean), Some(var)] if !is_training() => Some((x - along(mean)) * (along(var) + F::from_f64(eps)).rsqrt()),
        [None, None] | [Some(_), Some(_)] => None,
        _ => panic!("{layer}: running_mean and running_var must both be `Some` or both be `None`"),
    }
}

/// Moves the running mean and variance, if any, towards those of a batch with the weight `part`. The variance of the batch
/// is the biased one of `n` values, the running one is unbiased.
#[track_caller]
pub(crate) fn update_running<F: Float>(running: [&Option<Tensor<F>>; 2], batch: [Tensor<F>; 2], n: usize, part: f64) {
    let unbiased = n as f64 / (n as f64 - 1.0);
    for ((buffer, new), factor) in running.into_iter().zip(batch).zip([1.0, unbiased]) {
        if let Some(buffer) = buffer {
            let new = new.reshape(buffer.shape());
            update_buffer(buffer, |old| old * F::from_f64(1.0 - part) + new * F::from_f64(part * factor));
        }
    }
}

/// `y·weight + bias` for `y` of shape `[N, C, ..]` and a weight and a bias of shape `[C]`, if any.
#[track_caller]
pub(crate) fn scaled_and_shifted<F: Float>(
    y: Tensor<F>,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
) -> Tensor<F> {
    let axes = y.ndim();
    let y = match weight {
        Some(weight) => y * spread(weight, axes),
        None => y,
    };
    match bias {
        Some(bias) => y + spread(bias, axes),
        None => y,
    }
}

/// `[C]` as `[C, 1, ..]`, which broadcasts to `[N, C, ..]` with `axes` axes.
pub(crate) fn spread<F: Float>(per_channel: &Tensor<F>, axes: usize) -> Tensor<F> {
    let mut shape = vec![1; axes - 1];
    shape[0] = per_channel.len();
    if axes == 2 { per_channel.clone() } else { per_channel.reshape(&shape) }
}
