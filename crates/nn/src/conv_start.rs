//! What the layers of convolutions and of transposed convolutions share: how their channels are divided into groups, and the
//! shape and the random start of their parameters.

use downhill_tensor::{Float, Tensor, checked_size};
use rand::Rng;

use crate::init;

/// The parameters of a new layer.
pub(crate) struct Start {
    layer: &'static str,
    /// Of the weight.
    shape: Vec<usize>,
    outputs: usize,
}

impl Start {
    /// For the weight `[out, in/groups, kernel..]` of a convolution.
    ///
    /// # Panics
    /// If `groups` is 0 or does not divide the channels.
    #[track_caller]
    pub(crate) fn convolution(layer: &'static str, channels: [usize; 2], groups: usize, kernel: &[usize]) -> Self {
        let [inputs, _] = divided(layer, channels, groups);
        Start { layer, shape: [&[channels[1], inputs], kernel].concat(), outputs: channels[1] }
    }

    /// For the weight `[in, out/groups, kernel..]` of a transposed convolution.
    ///
    /// # Panics
    /// As [`convolution`](Self::convolution).
    #[track_caller]
    pub(crate) fn transposed(layer: &'static str, channels: [usize; 2], groups: usize, kernel: &[usize]) -> Self {
        let [_, outputs] = divided(layer, channels, groups);
        Start { layer, shape: [&[channels[0], outputs], kernel].concat(), outputs: channels[1] }
    }

    /// # Panics
    /// If the weight is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub(crate) fn weight<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        self.parameter(&self.shape, rng)
    }

    /// # Panics
    /// As [`weight`](Self::weight).
    #[track_caller]
    pub(crate) fn bias<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        self.parameter(&[self.outputs], rng)
    }

    /// Drawn from `U(-k, k)` with `k = 1/√fan_in`; the fan is that of PyTorch: all axes of the weight but the first.
    #[track_caller]
    fn parameter<F: Float>(&self, shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        checked_size::<F>(self.layer, shape);
        let fan_in: f64 = self.shape[1..].iter().map(|&size| size as f64).product();
        let bound = if fan_in == 0.0 { 0.0 } else { 1.0 / fan_in.sqrt() };
        Tensor::param(init::uniform(shape, -bound..=bound, rng))
    }
}

/// The numbers of channels of a group.
#[track_caller]
fn divided(layer: &str, channels: [usize; 2], groups: usize) -> [usize; 2] {
    let [inputs, outputs] = channels;
    assert!(
        groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups),
        "{layer}: {inputs} input and {outputs} output channels cannot be divided into {groups} groups"
    );
    channels.map(|count| count / groups)
}
