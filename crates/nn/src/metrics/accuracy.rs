//! The share of right answers.

use downhill_tensor::{Float, Tensor};

use super::predictions;
use crate::Labels;

/// The share, from 0 to 1, of the labels whose class has the largest logit (or probability); of equal logits the first
/// counts. NaN if there are no labels. Shapes are those of [`cross_entropy`](crate::cross_entropy).
///
/// ```
/// use downhill_nn::accuracy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[2.0, -1.0], [0.0, 1.0], [3.0, 0.0], [0.5, 0.0]]);
/// assert_eq!(accuracy(&logits, &[0, 1, 1, 0]), 0.75);
/// ```
///
/// # Panics
/// If the labels do not have the shape of the logits without their class axis, or one is not a class.
#[track_caller]
pub fn accuracy<'a, F: Float>(logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
    let labels = labels.into();
    let predictions = predictions("accuracy", logits, &labels);
    let right = predictions.iter().zip(labels.0.iter()).filter(|(predicted, label)| predicted == label).count();
    right as f64 / labels.0.len() as f64
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, arr2};

    use super::*;

    #[test]
    fn every_shape_of_logits() {
        let image = Tensor::from([[[0.0, 1.0], [1.0, 0.0]], [[5.0, 5.0], [4.0, 6.0]]]);
        assert_eq!(accuracy(&image, &arr2(&[[1, 0], [0, 0]])), 0.75);
        assert_eq!(accuracy(&Tensor::from([1.0, 3.0, 2.0]), &arr0(1)), 1.0);
        assert!(accuracy(&Tensor::<f32>::zeros(&[0, 3]), &[]).is_nan());
    }

    #[test]
    #[should_panic(expected = "accuracy of [2, 2]: the label 2 at index [1] is not one of the 2 classes")]
    fn a_label_out_of_range() {
        accuracy(&Tensor::<f32>::zeros(&[2, 2]), &[0, 2]);
    }
}
