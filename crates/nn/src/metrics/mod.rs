//! Metrics, for reporting rather than training: of classes, of rankings, of numbers. They agree with scikit-learn's.

mod accuracy;
mod averaging;
mod binary_accuracy;
mod confusion_matrix;
mod ranking;
mod regression;
mod top_k;

pub use accuracy::{Accuracy, accuracy};
pub use averaging::{Average, Averaging, Scores};
pub use binary_accuracy::binary_accuracy;
pub use confusion_matrix::ConfusionMatrix;
pub use ranking::{AveragePrecision, RocAuc, average_precision, roc_auc};
pub use regression::{mean_absolute_error, mean_squared_error, r2_score};
pub use top_k::{TopKAccuracy, top_k_accuracy};

use downhill_tensor::{Float, Tensor};
use ndarray::ArrayD;

use crate::Labels;
use crate::losses::class_axis;

/// Checks the labels and returns the pairs of label and predicted class, the one with the largest logit, without those
/// whose label is `ignore`.
#[track_caller]
fn pairs<'l, F: Float>(
    op: &str,
    logits: &Tensor<F>,
    labels: &'l Labels<'_>,
    ignore: Option<usize>,
) -> impl Iterator<Item = (usize, usize)> + use<'l, F> {
    let axis = class_axis(op, logits.shape());
    labels.check(op, logits.shape(), axis, ignore);
    // Without labels there may be no classes either, and `argmax` of an empty axis is undefined.
    let predictions =
        if labels.0.is_empty() { ArrayD::zeros(labels.0.raw_dim()) } else { logits.argmax(axis as isize) };
    let pairs = labels.0.iter().copied().zip(predictions);
    pairs.filter(move |&(label, _)| Some(label) != ignore)
}
