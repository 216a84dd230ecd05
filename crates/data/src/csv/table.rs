//! The results of reading a table: features and targets.

use downhill_tensor::{Float, Tensor};
use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
use super::labels::Labels;
use crate::TensorDataset;

/// Features and numeric targets, as read by [`Csv::read`](crate::Csv::read).
#[derive(Clone, Debug, PartialEq)]
pub struct Table<F: Float = f32> {
    /// The column names of the features, or their indices if the file has no header.
    pub feature_names: Vec<String>,
    /// `[samples, features]`.
    pub features: Array2<F>,
    /// The name of the target column, or its index if the file has no header.
    pub target_name: String,
    /// `[samples]`.
    pub targets: Array1<F>,
}

/// Features and class labels, as read by [`Csv::read_classes`](crate::Csv::read_classes).
#[derive(Clone, Debug, PartialEq)]
pub struct ClassTable<F: Float = f32> {
    /// The column names of the features, or their indices if the file has no header.
    pub feature_names: Vec<String>,
    /// `[samples, features]`.
    pub features: Array2<F>,
    /// The name of the target column, or its index if the file has no header.
    pub target_name: String,
    /// The class of each sample, an index into `class_names`.
    pub targets: Vec<usize>,
    /// The names of the classes, sorted numerically if all of them are numbers, else lexicographically. Only classes
    /// that occur in the file are included, so read training and test samples from one file and split afterwards.
    /// Different spellings of a number, such as `2`, `2.0` and `+2`, are one class, named by the shortest.
    pub class_names: Vec<String>,
}

impl<F: Float> Table<F> {
    pub(super) fn new(cells: Cells<F, F>) -> Self {
        let Cells { feature_names, features, target_name, targets } = cells;
        Table { feature_names, features, target_name, targets: Array1::from(targets) }
    }

    /// Converts to tensors, for mini-batches, without copying. The targets become `[samples, 1]`, the output shape of a
    /// linear layer with one unit.
    pub fn into_dataset(self) -> TensorDataset<F, Tensor<F>> {
        TensorDataset::new(self.features, self.targets.insert_axis(Axis(1)))
    }
}

impl<F: Float> ClassTable<F> {
    /// `cells` has the numbers of the labels' spellings as targets.
    pub(super) fn new(cells: Cells<F, usize>, labels: Labels<'_>) -> Self {
        let Cells { feature_names, features, target_name, mut targets } = cells;
        let (class_names, class_of) = labels.classes();
        targets.iter_mut().for_each(|target| *target = class_of[*target]);
        ClassTable { feature_names, features, target_name, targets, class_names }
    }

    /// Converts to tensors, for mini-batches, without copying.
    pub fn into_dataset(self) -> TensorDataset<F> {
        TensorDataset::new(self.features, self.targets)
    }
}
