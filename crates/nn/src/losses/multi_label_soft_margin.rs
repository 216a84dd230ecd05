//! The binary cross-entropy of samples with several labels, averaged over the classes of each.

use downhill_tensor::{Float, Tensor};

use super::Reduction;
use super::bce_with_logits::log_loss;
use super::targets::{assert_same_shape, weighted};

/// The binary cross-entropy `-(t·ln σ(x) + (1 - t)·ln(1 - σ(x)))` of each class, averaged over the classes of a sample,
/// with its options. Without options: [`multi_label_soft_margin`].
#[derive(Clone, Debug)]
pub struct MultiLabelSoftMargin<F: Float = f32> {
    /// A factor for each class, `[classes]`; or anything that broadcasts to the logits. The mean does not divide by it.
    pub weight: Option<Tensor<F>>,
    /// What happens to the losses of the samples: mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for MultiLabelSoftMargin<F> {
    fn default() -> Self {
        MultiLabelSoftMargin { weight: None, reduction: Reduction::Mean }
    }
}

/// The mean binary cross-entropy between the sigmoid of logits `[.., classes]` and targets in [0, 1] of the same shape,
/// where a sample may have any number of labels. It is [`bce_with_logits`](crate::bce_with_logits), except that without
/// reduction ([`MultiLabelSoftMargin`]) there is one loss for each sample, `[..]`: the mean over its classes.
///
/// ```
/// use downhill_nn::{MultiLabelSoftMargin, Reduction, bce_with_logits, multi_label_soft_margin};
/// use downhill_tensor::Tensor;
/// let (x, t) = (Tensor::from([[0.0, 0.0], [1000.0, 0.0]]), Tensor::from([[1.0, 0.0], [1.0, 1.0]]));
/// assert_eq!(multi_label_soft_margin(&x, &t).item(), 2.0_f64.ln() * 0.75);
/// let none = MultiLabelSoftMargin { reduction: Reduction::None, ..MultiLabelSoftMargin::default() };
/// assert_eq!(none.loss(&x, &t).to_vec(), [2.0_f64.ln(), 2.0_f64.ln() / 2.0]);
/// ```
///
/// # Panics
/// If the shapes differ, or are `[]`.
#[track_caller]
pub fn multi_label_soft_margin<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    MultiLabelSoftMargin::default().loss(input, target)
}

impl<F: Float> MultiLabelSoftMargin<F> {
    /// The loss; shapes as in [`multi_label_soft_margin`].
    ///
    /// # Panics
    /// If the shapes differ, or are `[]`, or the weight does not broadcast to the logits.
    #[track_caller]
    pub fn loss(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        let op = "multi_label_soft_margin";
        assert_same_shape(op, input, target);
        assert!(
            input.ndim() > 0,
            "{op} of []: a scalar has no class axis; the input must be [classes] or [.., classes]"
        );
        self.reduction.of(weighted(op, log_loss(input, target), self.weight.as_ref()).mean_axis(-1))
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, t) =
            (Tensor::from([[0.5, -1.0, 0.3], [2.0, 0.0, 1.0]]), Tensor::from([[1.0, 0.5, 0.0], [0.0, 1.0, 1.0]]));
        for weight in [None, Some(Tensor::from([1.0, 2.0, 0.5]))] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                let options = MultiLabelSoftMargin { weight: weight.clone(), reduction };
                gradcheck(|[x, t]| options.loss(x, t), [&x, &t], Check::order(2)).unwrap();
            }
        }
    }

    /// Classes of weight 0 cost nothing, even if the prediction is infinitely wrong; but they count in the mean.
    #[test]
    fn values_by_hand() {
        let x = Tensor::param([[0.0, f64::NEG_INFINITY], [0.0, 1e3]]);
        let t = Tensor::from([[1.0, 1.0], [0.0, 0.0]]);
        let weight = Some(Tensor::from([2.0, 0.0]));
        let loss = MultiLabelSoftMargin { weight, reduction: Reduction::Sum }.loss(&x, &t);
        assert_eq!(loss.item(), 2.0 * 2.0_f64.ln());
        assert_eq!(loss.backward()[&x].to_vec(), [-0.5, 0.0, 0.5, 0.0]);
        let none = MultiLabelSoftMargin::<f64> { reduction: Reduction::None, ..MultiLabelSoftMargin::default() };
        assert_eq!(none.loss(&x, &t).to_vec(), [f64::INFINITY, (2.0_f64.ln() + 1e3) / 2.0]);
        assert_eq!(none.loss(&Tensor::zeros(&[0, 3]), &Tensor::zeros(&[0, 3])).shape(), [0]);
        assert!(none.loss(&Tensor::zeros(&[1, 0]), &Tensor::zeros(&[1, 0])).item().is_nan());
    }

    #[test]
    #[should_panic(expected = "multi_label_soft_margin of []: a scalar has no class axis")]
    fn a_scalar() {
        multi_label_soft_margin(&Tensor::from(1.0), &Tensor::from(1.0));
    }
}
