//! How good a classifier is: what is reported, not what is minimised.

mod accuracy;
mod confusion_matrix;

pub use accuracy::accuracy;
pub use confusion_matrix::ConfusionMatrix;

use downhill_tensor::{Float, Tensor};
use ndarray::ArrayD;

use crate::Labels;
use crate::losses::class_axis;

/// The class with the largest logit for each label, which have passed their check.
#[track_caller]
fn predictions<F: Float>(op: &str, logits: &Tensor<F>, labels: &Labels<'_>) -> ArrayD<usize> {
    let axis = class_axis(op, logits.shape());
    labels.check(op, logits.shape(), axis, None);
    if labels.0.is_empty() { ArrayD::zeros(labels.0.raw_dim()) } else { logits.argmax(axis as isize) }
}
