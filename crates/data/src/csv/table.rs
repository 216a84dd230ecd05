//! What a table becomes: features and targets.

use std::collections::{BTreeSet, HashMap};

use downhill_tensor::{Float, Tensor};
use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
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
    /// the file, so read training and test samples from one file and split afterwards.
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
    pub(super) fn new(cells: Cells<F, String>) -> Self {
        let Cells { feature_names, features, target_name, targets: names } = cells;
        let mut classes: Vec<&str> = names.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect();
        // Labels that are numbers keep the order of numbers: 9 before 10.
        let values = classes.iter().map(|name| name.parse().ok()).collect::<Option<Vec<f64>>>();
        if let Some(values) = values {
            let mut pairs: Vec<(f64, &str)> = values.into_iter().zip(classes).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            classes = pairs.into_iter().map(|(_, name)| name).collect();
        }
        let index: HashMap<&str, usize> = classes.iter().enumerate().map(|(index, &name)| (name, index)).collect();
        ClassTable {
            feature_names,
            features,
            target_name,
            targets: names.iter().map(|name| index[name.as_str()]).collect(),
            class_names: classes.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The same as tensors, for mini-batches. Copies nothing.
    pub fn into_dataset(self) -> TensorDataset<F> {
        TensorDataset::new(self.features, self.targets)
    }
}
