//! Class labels as rows with a single 1. A constant.

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

use crate::kernels::ask;
use crate::{Float, Tensor, operation};

/// Class labels of any shape: an array, a slice or a `Vec` of `usize`, or an `ndarray` array or view of them.
pub trait ClassLabels {
    /// The size of every axis.
    fn shape(&self) -> Vec<usize>;
    /// The labels in row-major order.
    fn labels(&self) -> impl Iterator<Item = usize>;
}

impl<F: Float> Tensor<F> {
    /// One row per label: 1 at the label and 0 elsewhere. The shape is that of the labels with `classes` appended.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// assert_eq!(Tensor::one_hot(&[2, 0], 3), Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    /// assert_eq!(Tensor::<f32>::one_hot(&array![[2, 0], [1, 1]], 3).shape(), [2, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// If a label is out of range, not below `classes`.
    #[track_caller]
    pub fn one_hot<L: ClassLabels + ?Sized>(labels: &L, classes: usize) -> Tensor<F> {
        operation::begin("one_hot");
        let mut shape = labels.shape();
        shape.push(classes);
        ask::<F>(&shape);
        let mut rows = vec![F::zero(); shape.iter().product()];
        for (row, label) in labels.labels().enumerate() {
            assert!(
                label < classes,
                "one_hot: label {label} at position {row} is out of range for {classes} classes (labels start at 0)"
            );
            rows[row * classes + label] = F::one();
        }
        Tensor::constant(ArrayD::from_shape_vec(IxDyn(&shape), rows).expect("one row per label"))
    }
}

impl ClassLabels for [usize] {
    fn shape(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        self.iter().copied()
    }
}

impl<const N: usize> ClassLabels for [usize; N] {
    fn shape(&self) -> Vec<usize> {
        vec![N]
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        self.iter().copied()
    }
}

impl ClassLabels for Vec<usize> {
    fn shape(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        self.iter().copied()
    }
}

/// The shape is that of the array.
impl<S: Data<Elem = usize>, D: Dimension> ClassLabels for ArrayBase<S, D> {
    fn shape(&self) -> Vec<usize> {
        (**self).shape().to_vec()
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        self.iter().copied()
    }
}

/// So that references to references are accepted too.
impl<L: ClassLabels + ?Sized> ClassLabels for &L {
    fn shape(&self) -> Vec<usize> {
        (**self).shape()
    }

    fn labels(&self) -> impl Iterator<Item = usize> {
        (**self).labels()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, arr0, array};

    use super::*;

    #[test]
    fn rows() {
        assert_eq!(Tensor::<f64>::one_hot(&[], 3).shape(), [0, 3]);
        let y = Tensor::<f64>::one_hot(&[1, 1, 0], 2);
        assert_eq!(y, Tensor::from([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]));
        assert!(!y.requires_grad());
        let labels = vec![1, 1, 0];
        assert_eq!(Tensor::one_hot(&labels, 2), y);
        assert_eq!(Tensor::one_hot(&labels[..], 2), y);
        assert_eq!(Tensor::one_hot(&labels.as_slice(), 2), y);
    }

    /// As `torch.nn.functional.one_hot`: every label becomes a row.
    #[test]
    fn labels_of_any_shape() {
        let labels = array![[0, 1, 2], [2, 2, 1]];
        let rows = |i: usize| [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]][i];
        let expected = Tensor::from([[rows(0), rows(1), rows(2)], [rows(2), rows(2), rows(1)]]);
        assert_eq!(Tensor::one_hot(&labels, 3), expected);
        assert_eq!(Tensor::one_hot(&labels.view(), 3), expected);
        assert_eq!(Tensor::one_hot(&labels.t(), 3), expected.transpose(0, 1));
        assert_eq!(Tensor::one_hot(&arr0(1), 3), Tensor::from([0.0, 1.0, 0.0]));
        assert_eq!(Tensor::<f32>::one_hot(&Array3::zeros((2, 0, 4)), 5).shape(), [2, 0, 4, 5]);
        assert_eq!(Tensor::<f32>::one_hot(&Array3::zeros((2, 0, 4)), 0).shape(), [2, 0, 4, 0]);
    }

    #[test]
    #[should_panic(expected = "one_hot: label 3 at position 1 is out of range for 3 classes")]
    fn a_label_too_large() {
        Tensor::<f32>::one_hot(&[0, 3], 3);
    }
}
