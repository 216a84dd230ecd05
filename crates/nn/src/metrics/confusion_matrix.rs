//! The confusion matrix of a classifier.

use std::fmt;

use downhill_tensor::{Float, Tensor};
use ndarray::{Array2, Axis};

use super::pairs;
use crate::Labels;

/// How often each class was predicted as each class. `Display` writes a table with the recall and precision of every
/// class and the overall accuracy.
///
/// ```
/// use downhill_nn::ConfusionMatrix;
/// use downhill_tensor::Tensor;
/// let mut matrix = ConfusionMatrix::named(&["cat", "dog"]);
/// let logits = Tensor::from([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]);
/// matrix.add(&logits, &[0, 0, 1, 1]);
/// assert_eq!((matrix.accuracy(), matrix.recall(1), matrix.precision(1)), (0.75, 0.5, 1.0));
/// assert_eq!((matrix.total(), matrix.f1(0), matrix.f1(1)), (4, 0.8, 2.0 / 3.0));
/// assert_eq!(matrix.to_string(), "\
/// actual \\ predicted    cat     dog  recall
/// cat                     2       0  100.0%
/// dog                     1       1   50.0%
/// precision           66.7%  100.0%
/// accuracy 75.0% of 4
/// ");
/// ```
///
/// Like a loss, it can ignore a label that means "no label":
///
/// ```
/// use downhill_nn::ConfusionMatrix;
/// use downhill_tensor::Tensor;
/// let mut matrix = ConfusionMatrix { ignore_index: Some(255), ..ConfusionMatrix::new(2) };
/// matrix.add(&Tensor::from([[2.0, 0.0], [1.0, 0.0]]), &[0, 255]);
/// assert_eq!((matrix.total(), matrix.accuracy()), (1, 1.0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// The names of the classes.
    pub names: Vec<String>,
    /// `counts[[actual, predicted]]`.
    pub counts: Array2<u64>,
    /// The label that means "no label" and is not counted: a class or any other number, such as 255. `None` by default.
    pub ignore_index: Option<usize>,
}

impl ConfusionMatrix {
    /// An empty matrix for classes named 0, 1, ...
    pub fn new(classes: usize) -> Self {
        Self::named(&(0..classes).collect::<Vec<_>>())
    }

    /// An empty matrix for classes with these names.
    pub fn named(names: &[impl ToString]) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        ConfusionMatrix { counts: Array2::zeros((names.len(), names.len())), names, ignore_index: None }
    }

    /// Adds a batch: the predicted class is the one with the largest logit, the actual class is the label. Shapes are
    /// those of [`cross_entropy`](crate::cross_entropy).
    ///
    /// # Panics
    /// If the logits have a different number of classes, the labels do not have the shape of the logits without their
    /// class axis, or a label is neither a class nor `ignore_index`.
    #[track_caller]
    pub fn add<'a, F: Float>(&mut self, logits: &Tensor<F>, labels: impl Into<Labels<'a>>) {
        let labels = labels.into();
        let pairs = pairs("ConfusionMatrix::add", logits, &labels, self.ignore_index);
        let classes = logits.shape()[usize::from(logits.ndim() > 1)];
        assert!(
            classes == self.names.len(),
            "ConfusionMatrix::add of {:?}: the logits have {classes} classes, but the matrix has {}",
            logits.shape(),
            self.names.len()
        );
        for (actual, predicted) in pairs {
            self.counts[[actual, predicted]] += 1;
        }
    }

    /// The number of labels counted.
    pub fn total(&self) -> u64 {
        self.counts.sum()
    }

    /// The fraction of correct predictions, from 0 to 1; NaN if nothing was counted.
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.total() as f64
    }

    /// The fraction of the samples of this class that were predicted as it; NaN if there were none.
    ///
    /// # Panics
    /// If `class` is out of range.
    pub fn recall(&self, class: usize) -> f64 {
        self.counts[[class, class]] as f64 / self.counts.row(class).sum() as f64
    }

    /// The fraction of the predictions of this class that were correct; NaN if there were none.
    ///
    /// # Panics
    /// If `class` is out of range.
    pub fn precision(&self, class: usize) -> f64 {
        self.counts[[class, class]] as f64 / self.counts.column(class).sum() as f64
    }

    /// The F1 score, the harmonic mean of precision and recall: `2·correct/(actual + predicted)`; NaN if the class
    /// neither occurred nor was predicted.
    ///
    /// # Panics
    /// If `class` is out of range.
    pub fn f1(&self, class: usize) -> f64 {
        let sum = self.counts.row(class).sum() + self.counts.column(class).sum();
        2.0 * self.counts[[class, class]] as f64 / sum as f64
    }
}

fn percent(share: f64) -> String {
    if share.is_nan() { "-".to_owned() } else { format!("{:.1}%", 100.0 * share) }
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let corner = ["actual \\ predicted".to_owned()];
        let mut table = vec![[&corner[..], &self.names, &["recall".to_owned()]].concat()];
        for (class, row) in self.counts.axis_iter(Axis(0)).enumerate() {
            let mut line = vec![self.names[class].clone()];
            line.extend(row.iter().map(u64::to_string));
            line.push(percent(self.recall(class)));
            table.push(line);
        }
        let mut last = vec!["precision".to_owned()];
        last.extend((0..self.names.len()).map(|class| percent(self.precision(class))));
        table.push(last);

        let columns = self.names.len() + 2;
        let width =
            |column: usize| table.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for line in &table {
            let mut cells = line.iter().zip(&widths);
            if let Some((name, &width)) = cells.next() {
                write!(f, "{name:width$}")?;
            }
            for (cell, &width) in cells {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "accuracy {} of {}", percent(self.accuracy()), self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits that are largest at `predicted`.
    fn logits(predicted: &[usize], classes: usize) -> Tensor<f32> {
        let shape = (predicted.len(), classes);
        Tensor::from(Array2::from_shape_fn(shape, |(i, class)| if predicted[i] == class { 1.0 } else { 0.0 }))
    }

    #[test]
    fn batches_add_up() {
        let mut matrix = ConfusionMatrix::new(3);
        assert!(matrix.accuracy().is_nan());
        matrix.add(&logits(&[0, 1, 1, 0], 3), &[0, 1, 0, 0]);
        matrix.add(&logits(&[0, 1], 3), &vec![1, 1]);
        assert_eq!(matrix.counts, ndarray::arr2(&[[2, 1, 0], [1, 2, 0], [0, 0, 0]]));
        assert_eq!((matrix.total(), matrix.accuracy()), (6, 4.0 / 6.0));
        assert_eq!((matrix.recall(0), matrix.precision(1), matrix.f1(1)), (2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0));
        assert!(matrix.recall(2).is_nan() && matrix.precision(2).is_nan() && matrix.f1(2).is_nan());
    }

    #[test]
    fn ignored_labels_are_not_counted() {
        let mut matrix = ConfusionMatrix { ignore_index: Some(9), ..ConfusionMatrix::new(2) };
        matrix.add(&logits(&[0, 1, 1, 0], 2), &[0, 9, 0, 9]);
        assert_eq!(matrix.counts, ndarray::arr2(&[[1, 1], [0, 0]]));
        // A class may be ignored too.
        let mut matrix = ConfusionMatrix { ignore_index: Some(0), ..ConfusionMatrix::new(2) };
        matrix.add(&logits(&[0, 1, 1, 0], 2), &[0, 1, 0, 1]);
        assert_eq!(matrix.counts, ndarray::arr2(&[[0, 0], [1, 1]]));
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::add of [2, 2]: label 9 at index [1] is out of range for 2 classes")]
    fn a_label_that_is_no_class() {
        ConfusionMatrix::new(2).add(&logits(&[0, 1], 2), &[0, 9]);
    }

    /// Undefined fractions are printed as a dash, not as NaN.
    #[test]
    fn the_table_of_nothing() {
        let expected = "\
actual \\ predicted  0  1  recall
0                   0  0       -
1                   0  0       -
precision           -  -
accuracy - of 0
";
        assert_eq!(ConfusionMatrix::new(2).to_string(), expected);
    }

    #[test]
    fn the_f1_score_is_the_harmonic_mean() {
        let mut matrix = ConfusionMatrix::new(2);
        matrix.add(&logits(&[1, 1, 1, 1, 0], 2), &[1, 0, 0, 0, 1]);
        let (precision, recall) = (matrix.precision(1), matrix.recall(1));
        assert_eq!((precision, recall), (0.25, 0.5));
        assert!((matrix.f1(1) - 2.0 / (1.0 / precision + 1.0 / recall)).abs() < 1e-15);
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::add of [1, 3]: the logits have 3 classes, but the matrix has 2")]
    fn another_number_of_classes() {
        ConfusionMatrix::new(2).add(&logits(&[0], 3), &[0]);
    }
}
