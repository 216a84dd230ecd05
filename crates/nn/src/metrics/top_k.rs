//! Top-k accuracy.

use downhill_tensor::{Float, Tensor};
use ndarray::Axis;

use crate::Labels;
use crate::losses::class_axis;

/// Top-k accuracy, with options. Without options: [`top_k_accuracy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopKAccuracy {
    /// Among how many classes the label must be.
    pub k: usize,
    /// The label that means "no label": such samples are left out. A class or any other number, such as 255.
    pub ignore_index: Option<usize>,
}

impl Default for TopKAccuracy {
    fn default() -> Self {
        TopKAccuracy { k: 5, ignore_index: None }
    }
}

impl TopKAccuracy {
    /// The fraction of the labels, not ignored, that are among the `k` classes with the largest logits; NaN if there are
    /// none. Shapes as in [`top_k_accuracy`].
    ///
    /// # Panics
    /// If the labels do not have the shape of the logits without their class axis, or a label is neither a class nor
    /// `ignore_index`.
    #[track_caller]
    pub fn of<'a, F: Float>(&self, logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
        let (shape, labels) = (logits.shape(), labels.into());
        let axis = class_axis("top_k_accuracy", shape);
        labels.check("top_k_accuracy", shape, axis, self.ignore_index);
        let (mut right, mut all) = (0_usize, 0_usize);
        let view = logits.view();
        for (logits, &label) in view.lanes(Axis(axis)).into_iter().zip(&labels.0) {
            if Some(label) != self.ignore_index {
                // As in `argmax`, a class comes first among equals, and NaN before everything.
                let own = logits[label];
                let before = |&(class, &x): &(usize, &F)| match (x.is_nan(), own.is_nan()) {
                    (false, false) => x > own || x == own && class < label,
                    (x_is_nan, own_is_nan) => x_is_nan && (!own_is_nan || class < label),
                };
                right += usize::from(logits.iter().enumerate().filter(before).count() < self.k);
                all += 1;
            }
        }
        right as f64 / all as f64
    }
}

/// The fraction of labels that are among the `k` classes with the largest logits (or probabilities), from 0 to 1; NaN if
/// there are no labels. With `k = 1` it is the [`accuracy`](crate::accuracy); equal logits count in the order of their
/// classes (in scikit-learn, in the reverse order). Shapes are those of [`cross_entropy`](crate::cross_entropy).
/// [`TopKAccuracy`] can ignore a label.
///
/// ```
/// use downhill_nn::top_k_accuracy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]]);
/// assert_eq!(top_k_accuracy(&logits, &[0, 1, 2, 2], 2), 0.75);
/// ```
///
/// # Panics
/// If the labels do not have the shape of the logits without their class axis, or a label is not a class.
#[doc(alias = "top_k_accuracy_score")]
#[track_caller]
pub fn top_k_accuracy<'a, F: Float>(logits: &Tensor<F>, labels: impl Into<Labels<'a>>, k: usize) -> f64 {
    TopKAccuracy { k, ..TopKAccuracy::default() }.of(logits, labels)
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, arr2};

    use super::*;
    use crate::accuracy;

    #[test]
    fn ranks_by_hand() {
        let logits = Tensor::from([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [f64::NAN, 2.0, f64::NAN]]);
        // Ranks from 0: [0, 2, 1], [0, 1, 2], [0, 2, 1].
        for (labels, expected) in [([0, 0, 0], [0, 3, 3, 3]), ([1, 1, 1], [0, 0, 1, 3]), ([2, 2, 2], [0, 0, 2, 3])] {
            for (k, right) in expected.into_iter().enumerate() {
                assert_eq!(top_k_accuracy(&logits, &labels, k), f64::from(right) / 3.0, "{labels:?}, {k}");
            }
            assert_eq!(top_k_accuracy(&logits, &labels, 1), accuracy(&logits, &labels));
        }
    }

    #[test]
    fn every_shape_of_logits() {
        let image = Tensor::from([[[0.0, 1.0], [1.0, 0.0], [2.0, -1.0]], [[5.0, 5.0], [4.0, 6.0], [1.0, 7.0]]]);
        assert_eq!(top_k_accuracy(&image, &arr2(&[[0, 0], [0, 0]]), 2), 0.5);
        assert_eq!(top_k_accuracy(&Tensor::from([1.0, 3.0, 2.0]), &arr0(2), 2), 1.0);
        assert!(top_k_accuracy(&Tensor::<f32>::zeros(&[0, 0]), &[], 2).is_nan());
        let ignoring = TopKAccuracy { k: 1, ignore_index: Some(255) };
        assert_eq!(ignoring.of(&Tensor::from([[1.0, 0.0], [1.0, 0.0]]), &[0, 255]), 1.0);
    }

    #[test]
    #[should_panic(expected = "top_k_accuracy of [2, 2]: label 2 at index [1] is out of range for 2 classes")]
    fn a_label_out_of_range() {
        top_k_accuracy(&Tensor::<f32>::zeros(&[2, 2]), &[0, 2], 2);
    }
}
