//! Classification accuracy.

use downhill_tensor::{Float, Tensor};

use super::pairs;
use crate::Labels;

/// Classification accuracy, with an option. Without options: [`accuracy`].
///
/// ```
/// use downhill_nn::Accuracy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[2.0, -1.0], [0.0, 1.0], [3.0, 0.0]]);
/// let accuracy = Accuracy { ignore_index: Some(255) };
/// assert_eq!(accuracy.of(&logits, &[0, 255, 1]), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// The label that means "no label", as in [`CrossEntropy`](crate::CrossEntropy): such samples are left out. It may
    /// be a class or any other number, such as 255.
    pub ignore_index: Option<usize>,
}

impl Accuracy {
    /// The fraction of correct predictions among the labels that are not ignored; NaN if there are none. Shapes as in
    /// [`accuracy`].
    ///
    /// # Panics
    /// If the labels do not have the shape of the logits without their class axis, or a label is neither a class nor
    /// `ignore_index`.
    #[track_caller]
    pub fn of<'a, F: Float>(&self, logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
        let labels = labels.into();
        let (mut right, mut all) = (0_usize, 0_usize);
        for (label, predicted) in pairs("accuracy", logits, &labels, self.ignore_index) {
            right += usize::from(label == predicted);
            all += 1;
        }
        right as f64 / all as f64
    }
}

/// The fraction of correct predictions, from 0 to 1; NaN if there are no labels. The predicted class is the one with
/// the largest logit (or probability), the first in case of a tie. Shapes are those of
/// [`cross_entropy`](crate::cross_entropy). [`Accuracy`] can ignore a label.
///
/// ```
/// use downhill_nn::accuracy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[2.0, -1.0], [0.0, 1.0], [3.0, 0.0], [0.5, 0.0]]);
/// assert_eq!(accuracy(&logits, &[0, 1, 1, 0]), 0.75);
/// ```
///
/// # Panics
/// If the labels do not have the shape of the logits without their class axis, or a label is not a class.
#[track_caller]
pub fn accuracy<'a, F: Float>(logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
    Accuracy::default().of(logits, labels)
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
    fn ignored_labels_are_neither_right_nor_wrong() {
        let logits = Tensor::from([[2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 1.0]]);
        let ignoring = |index: usize, labels: &[usize; 4]| Accuracy { ignore_index: Some(index) }.of(&logits, labels);
        assert_eq!(ignoring(9, &[0, 1, 1, 1]), 0.75);
        assert_eq!(ignoring(9, &[0, 1, 9, 9]), 0.5);
        // A class may be ignored, including the first.
        assert_eq!(ignoring(0, &[0, 1, 1, 1]), 2.0 / 3.0);
        assert_eq!(ignoring(1, &[0, 1, 1, 1]), 1.0);
        assert!(ignoring(9, &[9; 4]).is_nan());
        let image = Tensor::from([[[0.0, 1.0], [1.0, 0.0]], [[5.0, 5.0], [4.0, 6.0]]]);
        assert_eq!(Accuracy { ignore_index: Some(7) }.of(&image, &arr2(&[[7, 0], [1, 7]])), 0.5);
    }

    /// Without labels, even zero classes are allowed.
    #[test]
    fn of_nothing() {
        assert!(accuracy(&Tensor::<f32>::zeros(&[0, 0]), &[]).is_nan());
        assert!(accuracy(&Tensor::<f32>::zeros(&[0, 3]), &[]).is_nan());
        assert!(Accuracy { ignore_index: Some(9) }.of(&Tensor::<f32>::zeros(&[0, 0]), &[]).is_nan());
    }

    #[test]
    #[should_panic(expected = "accuracy of [2, 2]: label 3 at index [1] is out of range for 2 classes")]
    fn a_label_that_is_not_the_ignored_one() {
        Accuracy { ignore_index: Some(2) }.of(&Tensor::<f32>::zeros(&[2, 2]), &[2, 3]);
    }

    #[test]
    #[should_panic(expected = "accuracy of [2, 2]: label 2 at index [1] is out of range for 2 classes")]
    fn a_label_out_of_range() {
        accuracy(&Tensor::<f32>::zeros(&[2, 2]), &[0, 2]);
    }
}
