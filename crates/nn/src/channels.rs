//! The scale and the shift of channels, which normalization layers learn.

use downhill_tensor::{Float, Tensor};

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
