//! What a table becomes: features and targets.

use downhill_tensor::{Float, Tensor};
use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
use super::labels::Labels;
use crate::TensorDataset;

/// Features and a number to predict from them, as read by [`Csv::read`](crate::Csv::read).
#[derive(Clone, Debug, PartialEq)]
pub struct Table<F: Float = f32> {
    /// The names of the features; their indices in the file, if it has no header.
    pub feature_names: Vec<String>,
    /// `[samples, features]`.
    pub features: Array2<F>,
    /// The name of the target column, or its index.
    pub target_name: String,
    /// `[samples]`.
    pub targets: Array1<F>,
}

/// Features and a class to predict from them, as read by [`Csv::read_classes`](crate::Csv::read_classes).
#[derive(Clone, Debug, PartialEq)]
pub struct ClassTable<F: Float = f32> {
    /// The names of the features; their indices in the file, if it has no header.
    pub feature_names: Vec<String>,
    /// `[samples, features]`.
    pub features: Array2<F>,
    /// The name of the target column, or its index.
    pub target_name: String,
    /// The class of each sample, an index into `class_names`.
    pub targets: Vec<usize>,
    /// The names of the classes, sorted: as numbers if all of them are, as text otherwise. They are those that occur in
    /// the file, so read training and test samples from one file and split afterwards. A number that is spelled in several
    /// ways, such as `2`, `2.0` and `+2`, is one class, named by the shortest of them.
    pub class_names: Vec<String>,
}

impl<F: Float> Table<F> {
    pub(super) fn new(cells: Cells<F, F>) -> Self {
        let Cells { feature_names, features, target_name, targets } = cells;
        Table { feature_names, features, target_name, targets: Array1::from(targets) }
    }

    /// The same as tensors, for mini-batches; the targets become `[samples, 1]`, the shape of the output of a linear
    /// layer with one unit. Copies nothing.
    pub fn into_dataset(self) -> TensorDataset<F, Tensor<F>> {
        TensorDataset::new(self.features, self.targets.insert_axis(Axis(1)))
    }
}

impl<F: Float> ClassTable<F> {
    /// From the numbers of the spellings of labels.
    pub(super) fn new(cells: Cells<F, usize>, labels: Labels<'_>) -> Self {
        let Cells { feature_names, features, target_name, mut targets } = cells;
        let (class_names, class_of) = labels.classes();
        targets.iter_mut().for_each(|target| *target = class_of[*target]);
        ClassTable { feature_names, features, target_name, targets, class_names }
    }

    /// The same as tensors, for mini-batches. Copies nothing.
    pub fn into_dataset(self) -> TensorDataset<F> {
        TensorDataset::new(self.features, self.targets)
    }
}
