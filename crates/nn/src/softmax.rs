//! Softmax and its logarithm as layers. A model that is trained with `cross_entropy` needs neither: the loss takes
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
