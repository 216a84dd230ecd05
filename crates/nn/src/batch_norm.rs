//! Batch normalization: subtract each channel's mean over the batch, divide by its standard deviation, scale and shift.
//!
//! ```text
//! training:    y = (x - mean) / √(var + ε) · weight + bias     mean, var over the batch; var is biased (divided by n)
//!              running_mean = (1 - momentum)·running_mean + momentum·mean
//!              running_var  = (1 - momentum)·running_var + momentum·var·n/(n - 1)
//! evaluation:  y = (x - running_mean) / √(running_var + ε) · weight + bias
//! ```
//!
//! Ioffe and Szegedy, arXiv 1502.03167. Two pitfalls are PyTorch's, kept for compatibility with saved networks: the
//! batch is normalized by its biased variance, but the running variance is unbiased; and `momentum` is the weight of
//! the new value, not of the old.

use downhill_tensor::{Float, Params, Tensor, is_training, update_buffer};

use crate::{Module, channels};

/// [`BatchNorm`] of features or sequences, `[N, C]` or `[N, C, L]`.
pub type BatchNorm1d<F = f32> = BatchNorm<F, 1>;

/// [`BatchNorm`] of images, `[N, C, H, W]`.
///
/// ```
/// use downhill_nn::{BatchNorm2d, Module};
/// use downhill_tensor::Tensor;
/// let norm: BatchNorm2d = BatchNorm2d::new(3);
/// assert_eq!(norm.forward(&Tensor::zeros(&[8, 3, 28, 28])).shape(), [8, 3, 28, 28]);
/// ```
pub type BatchNorm2d<F = f32> = BatchNorm<F, 2>;

/// Batch normalization of `[N, C, ..]`: each channel is normalized over all axes but its own. Within a
/// [`training`](downhill_tensor::training) scope it uses the batch statistics and updates the running statistics;
/// outside it uses the running statistics. Use it under the names [`BatchNorm1d`] (`D = 1`: the input is `[N, C]` or
/// `[N, C, L]`) and [`BatchNorm2d`] (`D = 2`: `[N, C, H, W]`).
///
/// Names, defaults and arithmetic are PyTorch's. Options are fields:
///
/// ```
/// use downhill_nn::{BatchNorm1d, Module};
/// use downhill_tensor::{Params, Tensor, training};
/// use rand::SeedableRng;
///
/// let mut norm = BatchNorm1d { eps: 1e-3, ..BatchNorm1d::new(2) };
/// let x: Tensor = Tensor::from([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]]);
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let y = training(&mut norm, &mut rng, |norm| norm.forward(&x));
/// assert!(y.mean_axis(0).to_vec().iter().all(|mean| mean.abs() < 1e-6));
/// // 0.9·0 + 0.1·3 and 0.9·0 + 0.1·20.
/// assert!((norm.running_mean.as_ref().unwrap() - Tensor::from([0.3, 2.0])).abs().max().item() < 1e-6);
/// assert_eq!(norm.forward(&x), norm.forward(&x)); // evaluation
/// assert_eq!(norm.num_params(), 4); // weight and bias: statistics are buffers
///
/// // PyTorch's affine=False, track_running_stats=False and momentum=None (all batches weigh the same).
/// let bare: BatchNorm1d = BatchNorm1d::new(2).affine(false).track_running_stats(false);
/// let cumulative: BatchNorm1d = BatchNorm1d { momentum: None, ..BatchNorm1d::new(2) };
/// # assert!(bare.state_dict().is_empty() && cumulative.momentum.is_none());
/// ```
///
/// An empty batch leaves the running mean and variance unchanged. In `f32`, `num_batches_tracked` stops at 2²⁴.
#[derive(Clone, Debug, Params)]
pub struct BatchNorm<F: Float, const D: usize> {
    /// The scale of each channel, `[C]`, if any.
    pub weight: Option<Tensor<F>>,
    /// The shift of each channel, `[C]`, if any.
    pub bias: Option<Tensor<F>>,
    /// A buffer, `[C]`: the mean that evaluation uses. If it and `running_var` are `None`, evaluation uses the batch
    /// statistics too.
    pub running_mean: Option<Tensor<F>>,
    /// A buffer, `[C]`: the variance that evaluation uses.
    pub running_var: Option<Tensor<F>>,
    /// A buffer, `[]`: the number of batches in the running statistics.
    pub num_batches_tracked: Option<Tensor<F>>,
    /// The number of channels, `C`.
    pub num_features: usize,
    /// Added to the variance, for numerical stability.
    pub eps: f64,
    /// The weight of a new batch in the running statistics; `None` for a cumulative average.
    pub momentum: Option<f64>,
}

impl<F: Float, const D: usize> BatchNorm<F, D> {
    /// For `num_features` channels, with weight 1, bias 0, running mean 0 and variance 1, momentum 0.1, ε = 1e-5.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(num_features: usize) -> Self {
        let norm = BatchNorm {
            weight: None,
            bias: None,
            running_mean: None,
            running_var: None,
            num_batches_tracked: None,
            num_features,
            eps: 1e-5,
            momentum: Some(0.1),
        };
        norm.affine(true).track_running_stats(true)
    }

    /// With weight 1 and bias 0, or with neither.
    #[track_caller]
    pub fn affine(self, affine: bool) -> Self {
        let [weight, bias] = channels::affine(format_args!("BatchNorm{D}d"), &[self.num_features], affine);
        BatchNorm { weight, bias, ..self }
    }

    /// With initial running statistics, or without: then evaluation uses the batch statistics too.
    #[track_caller]
    pub fn track_running_stats(self, track: bool) -> Self {
        let buffers = channels::running(format_args!("BatchNorm{D}d"), self.num_features, track);
        let [running_mean, running_var, num_batches_tracked] = buffers;
        BatchNorm { running_mean, running_var, num_batches_tracked, ..self }
    }

    /// Resets the running statistics: mean 0, variance 1, no batches.
    pub fn reset_running_stats(&mut self) {
        let start = [(&mut self.running_mean, 0.0), (&mut self.running_var, 1.0), (&mut self.num_batches_tracked, 0.0)];
        for (buffer, value) in start {
            if let Some(buffer) = buffer {
                buffer.assign(Tensor::full(buffer.shape(), F::from_f64(value)));
            }
        }
    }

    /// The output, for any number of axes after the channels.
    #[track_caller]
    fn normalise(&self, x: &Tensor<F>) -> Tensor<F> {
        let running = [&self.running_mean, &self.running_var];
        let y = match channels::by_running(format_args!("BatchNorm{D}d"), x, running, self.eps) {
            Some(y) => y,
            None => self.by_the_batch(x),
        };
        channels::scaled_and_shifted(y, self.weight.as_ref(), self.bias.as_ref())
    }

    /// Normalizes by the batch statistics; in training, records them for the running statistics.
    #[track_caller]
    fn by_the_batch(&self, x: &Tensor<F>) -> Tensor<F> {
        let mut axes: Vec<isize> = (0..x.ndim() as isize).collect();
        axes.remove(1);
        let n = axes.iter().map(|&axis| x.shape()[axis as usize]).product::<usize>();
        assert!(
            n != 1,
            "BatchNorm{D}d of {:?}: expected more than 1 value per channel; train with larger batches (drop a last \
             batch of size 1), or run the layer in `evaluation(|| ...)`",
            x.shape()
        );
        let (y, [mean, var]) = x.standardize_with_moments(axes, self.eps);
        if is_training() {
            self.hand_in([mean, var], n);
        }
        y
    }

    /// Updates the running statistics by those of a batch with `n` values per channel.
    #[track_caller]
    fn hand_in(&self, batch: [Tensor<F>; 2], n: usize) {
        let mut part = self.momentum.unwrap_or(0.0);
        if let Some(count) = &self.num_batches_tracked {
            // The updated count: a layer that is used twice counts twice. For the cumulative average the weight is
            // 1/count.
            let count = update_buffer(count, |count| count + F::one()).item();
            part = self.momentum.unwrap_or(1.0 / count.as_f64());
        }
        // Without elements there is nothing to learn from.
        if n > 0 {
            channels::update_running([&self.running_mean, &self.running_var], batch, n, part);
        }
    }
}

impl<F: Float, const D: usize> Module<F> for BatchNorm<F, D> {
    /// # Panics
    /// If `x` is not `[N, C]` or `[N, C, L]` (`BatchNorm1d`) or `[N, C, H, W]` (`BatchNorm2d`), or has a different
    /// number of channels; if the batch statistics are needed and there is only one value per channel; if the training
    /// scope belongs to a model without this layer.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let shape = x.shape();
        // Features without positions are one-dimensional, too.
        let fits = shape.len() == 2 + D || (D == 1 && shape.len() == 2);
        if !fits {
            let wanted = match D {
                1 => "[N, C] or [N, C, L]",
                2 => "[N, C, H, W]",
                _ => "[N, C] and D more axes",
            };
            panic!("BatchNorm{D}d of {shape:?}: the input must be {wanted}");
        }
        channels::assert_channels(format_args!("BatchNorm{D}d"), shape, self.num_features);
        self.normalise(x)
    }
}

#[cfg(test)]
mod tests;
