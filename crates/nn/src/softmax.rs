//! Softmax, over channels too, and its logarithm as layers. A model that is trained with `cross_entropy` needs neither: the loss takes
//! logits.

use downhill_tensor::{Float, Params, Tensor};

use crate::Module;

/// The softmax along an axis, `e^xᵢ/Σⱼ e^xⱼ`: probabilities, which sum to 1.
///
/// ```
/// use downhill_nn::{Module, Softmax};
/// use downhill_tensor::Tensor;
/// let x = Tensor::from([[0.0, 0.0], [1000.0, -1000.0]]);
/// assert_eq!(Softmax::default().forward(&x), Tensor::from([[0.5, 0.5], [1.0, 0.0]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct Softmax {
    /// The axis, by default the last; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
}

/// The logarithm of [`Softmax`], numerically stable: finite where the softmax underflows to 0.
///
/// ```
/// use downhill_nn::{LogSoftmax, Module};
/// use downhill_tensor::Tensor;
/// let x = Tensor::from([[1000.0], [-1000.0]]);
/// assert_eq!(LogSoftmax { axis: 0 }.forward(&x), Tensor::from([[0.0], [-2000.0]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct LogSoftmax {
    /// The axis, by default the last; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
}

/// [`Softmax`] over the channels of images, `[N, C, H, W]` or `[C, H, W]`: at every position, probabilities of the
/// channels.
///
/// ```
/// use downhill_nn::{Module, Softmax2d};
/// use downhill_tensor::Tensor;
/// let x = Tensor::from([[[0.0, 1000.0]], [[0.0, -1000.0]]]);
/// assert_eq!(Softmax2d.forward(&x), Tensor::from([[[0.5, 1.0]], [[0.5, 0.0]]]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Params)]
pub struct Softmax2d;

impl Default for Softmax {
    fn default() -> Self {
        Softmax { axis: -1 }
    }
}

impl Default for LogSoftmax {
    fn default() -> Self {
        LogSoftmax { axis: -1 }
    }
}

impl<F: Float> Module<F> for Softmax {
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.softmax(self.axis)
    }
}

impl<F: Float> Module<F> for LogSoftmax {
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.log_softmax(self.axis)
    }
}

impl<F: Float> Module<F> for Softmax2d {
    /// # Panics
    /// If `x` has neither 3 nor 4 axes.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        assert!(matches!(x.ndim(), 3 | 4), "Softmax2d of {:?}: the input must be [N, C, H, W] or [C, H, W]", x.shape());
        x.softmax(-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_the_channels() {
        let x = Tensor::from([[0.0, 3.0_f64.ln()], [1e3, -1e3]]).reshape(&[2, 2, 1, 1]);
        let y = Softmax2d.forward(&x);
        assert!((y.reshape(&[2, 2]) - Tensor::from([[0.25, 0.75], [1.0, 0.0]])).abs().max().item() < 1e-15);
        assert_eq!(Softmax2d.forward(&Tensor::<f64>::zeros(&[0, 2, 1, 3])).shape(), [0, 2, 1, 3]);
    }

    #[test]
    #[should_panic(expected = "Softmax2d of [2, 3]: the input must be [N, C, H, W] or [C, H, W]")]
    fn not_an_image() {
        Softmax2d.forward(&Tensor::<f32>::zeros(&[2, 3]));
    }
}
