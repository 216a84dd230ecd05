//! Instance normalization: each channel of each sample is normalized over its own positions.
//!
//! ```text
//! y = (x - mean) / √(var + ε) · weight + bias     mean, var over the positions; var is biased (divided by n)
//! with running statistics, in training:
//!     running_mean = (1 - momentum)·running_mean + momentum·(mean over the samples of mean)
//!     running_var  = (1 - momentum)·running_var + momentum·(mean over the samples of var·n/(n - 1))
//! and in evaluation:
//!     y = (x - running_mean) / √(running_var + ε) · weight + bias
//! ```
//!
//! Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022.

use downhill_tensor::{Float, Params, Tensor, is_training};

use crate::{Module, channels};

/// [`InstanceNorm`] of sequences, `[N, C, L]` or `[C, L]`.
pub type InstanceNorm1d<F = f32> = InstanceNorm<F, 1>;

/// [`InstanceNorm`] of images, `[N, C, H, W]` or `[C, H, W]`.
pub type InstanceNorm2d<F = f32> = InstanceNorm<F, 2>;

/// Instance normalization of `[N, C, ..]`, or of a single sample, `[C, ..]`: each channel of each sample is normalized
/// over its positions. Use it under the names [`InstanceNorm1d`] (`D = 1`: one axis of positions) and
/// [`InstanceNorm2d`] (`D = 2`).
///
/// Names, defaults and arithmetic are PyTorch's: unlike batch normalization, it has neither scale and shift nor running
/// statistics unless you ask for them, and so behaves alike in training and evaluation.
///
/// ```
/// use downhill_nn::{InstanceNorm1d, Module};
/// use downhill_tensor::{Params, Tensor};
///
/// let norm = InstanceNorm1d { eps: 0.0, ..InstanceNorm1d::new(2) };
/// let x: Tensor = Tensor::from([[[1.0, 3.0], [20.0, 10.0]]]);
/// assert_eq!(norm.forward(&x), Tensor::from([[[-1.0, 1.0], [1.0, -1.0]]]));
///
/// let full: InstanceNorm1d = InstanceNorm1d::new(2).affine(true).track_running_stats(true);
/// assert_eq!((full.num_params(), full.state_dict().len()), (4, 5));
/// ```
///
/// PyTorch's `num_batches_tracked` is saved and loaded, but as in PyTorch never changes; its `momentum=None` is `0.0`.
#[derive(Clone, Debug, Params)]
pub struct InstanceNorm<F: Float, const D: usize> {
    /// The scale of each channel, `[C]`, if any.
    pub weight: Option<Tensor<F>>,
    /// The shift of each channel, `[C]`, if any.
    pub bias: Option<Tensor<F>>,
    /// A buffer, `[C]`: the mean that evaluation uses. If it and `running_var` are `None`, evaluation normalizes each
    /// sample by itself too.
    pub running_mean: Option<Tensor<F>>,
    /// A buffer, `[C]`: the variance that evaluation uses.
    pub running_var: Option<Tensor<F>>,
    /// A buffer, `[]`, which is always 0.
    pub num_batches_tracked: Option<Tensor<F>>,
    /// The number of channels, `C`.
    pub num_features: usize,
    /// Added to the variance, for numerical stability.
    pub eps: f64,
    /// The weight of a new batch in the running statistics.
    pub momentum: f64,
}

impl<F: Float, const D: usize> InstanceNorm<F, D> {
    /// For `num_features` channels, without scale and shift, without running statistics; ε = 1e-5 and momentum 0.1.
    pub fn new(num_features: usize) -> Self {
        InstanceNorm {
            weight: None,
            bias: None,
            running_mean: None,
            running_var: None,
            num_batches_tracked: None,
            num_features,
            eps: 1e-5,
            momentum: 0.1,
        }
    }

    /// With weight 1 and bias 0, or with neither.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn affine(self, affine: bool) -> Self {
        let [weight, bias] = channels::affine(format_args!("InstanceNorm{D}d"), &[self.num_features], affine);
        InstanceNorm { weight, bias, ..self }
    }

    /// With initial running statistics, mean 0 and variance 1, or without.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn track_running_stats(self, track: bool) -> Self {
        let buffers = channels::running(format_args!("InstanceNorm{D}d"), self.num_features, track);
        let [running_mean, running_var, num_batches_tracked] = buffers;
        InstanceNorm { running_mean, running_var, num_batches_tracked, ..self }
    }

    /// Normalizes each channel of each sample of `[N, C, ..]`; in training, records the statistics.
    #[track_caller]
    fn by_the_sample(&self, x: &Tensor<F>) -> Tensor<F> {
        let n = x.shape()[2..].iter().product::<usize>();
        assert!(
            n != 1,
            "InstanceNorm{D}d of {:?}: expected more than 1 position per channel, whose result would always be 0",
            x.shape()
        );
        let (y, [mean, var]) = x.standardize_with_moments(2.., self.eps);
        // Without elements there is nothing to learn from.
        if is_training() && !x.is_empty() {
            let batch = [mean, var].map(|of_each| of_each.mean_axis(0));
            channels::update_running([&self.running_mean, &self.running_var], batch, n, self.momentum);
        }
        y
    }
}

impl<F: Float, const D: usize> Module<F> for InstanceNorm<F, D> {
    /// # Panics
    /// If `x` is not `[N, C, L]` or `[C, L]` (`InstanceNorm1d`), `[N, C, H, W]` or `[C, H, W]` (`InstanceNorm2d`), or
    /// has a different number of channels; if there is only one position, and the running statistics are not used; if
    /// the training scope belongs to a model without this layer.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let shape = x.shape();
        if shape.len() == 1 + D {
            // A single sample.
            return self.forward(&x.unsqueeze(0)).reshape(shape);
        }
        if shape.len() != 2 + D {
            let wanted = match D {
                1 => "[N, C, L] or [C, L]",
                2 => "[N, C, H, W] or [C, H, W]",
                _ => "[N, C] and D more axes",
            };
            panic!("InstanceNorm{D}d of {shape:?}: the input must be {wanted}");
        }
        channels::assert_channels(format_args!("InstanceNorm{D}d"), shape, self.num_features);
        let running = [&self.running_mean, &self.running_var];
        let y = match channels::by_running(format_args!("InstanceNorm{D}d"), x, running, self.eps) {
            Some(y) => y,
            None => self.by_the_sample(x),
        };
        channels::scaled_and_shifted(y, self.weight.as_ref(), self.bias.as_ref())
    }
}

#[cfg(test)]
mod tests;
