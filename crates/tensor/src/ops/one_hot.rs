//! Class labels as rows with a single 1. A constant.

use ndarray::{ArrayD, IxDyn};

use crate::kernels::ask;
use crate::{Float, Tensor, operation};

impl<F: Float> Tensor<F> {
    /// A row for each label, of shape `[labels, classes]`: 1 at the label and 0 elsewhere.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::one_hot(&[2, 0], 3), Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If a label is not below `classes`.
    #[track_caller]
    pub fn one_hot(labels: &[usize], classes: usize) -> Tensor<F> {
        operation::begin("one_hot");
        let shape = [labels.len(), classes];
        ask::<F>(&shape);
        let mut rows = ArrayD::zeros(IxDyn(&shape));
        for (row, &label) in labels.iter().enumerate() {
            assert!(
                label < classes,
                "one_hot: label {label} (number {row}) does not fit {classes} classes, which are numbered from 0"
            );
            rows[[row, label]] = F::one();
        }
        Tensor::constant(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        assert_eq!(Tensor::<f64>::one_hot(&[], 3).shape(), [0, 3]);
        let y = Tensor::<f64>::one_hot(&[1, 1, 0], 2);
        assert_eq!(y, Tensor::from([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]));
        assert!(!y.requires_grad());
    }

    #[test]
    #[should_panic(expected = "one_hot: label 3 (number 1) does not fit 3 classes")]
    fn a_label_too_large() {
        Tensor::<f32>::one_hot(&[0, 3], 3);
    }
}
