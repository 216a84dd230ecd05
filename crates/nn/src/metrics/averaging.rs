//! Precision, recall and F1 of all classes as one number each.

use super::ConfusionMatrix;

/// How the scores of the classes become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    /// The score of the counts of all classes together, in which every sample counts the same.
    Micro,
    /// The mean of the classes' scores, in which every class counts the same.
    #[default]
    Macro,
    /// The mean of the classes' scores, weighted by the number of their samples.
    Weighted,
}

/// Precision, recall and F1 score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// The fraction of the predictions of a class that were correct.
    pub precision: f64,
    /// The fraction of the samples of a class that were predicted as it.
    pub recall: f64,
    /// `2·correct/(actual + predicted)`, the harmonic mean of the two; averaged over the classes, it need not be that of
    /// their averages.
    pub f1: f64,
}

/// The scores of a [`ConfusionMatrix`] averaged over its classes, with options. Without options:
/// [`ConfusionMatrix::scores`].
///
/// ```
/// use downhill_nn::{Average, Averaging, ConfusionMatrix};
/// use downhill_tensor::Tensor;
/// let mut matrix = ConfusionMatrix::new(3);
/// matrix.add(&Tensor::from([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), &[0, 1, 1]);
/// // Class 2 neither occurred nor was predicted: it counts as 0, unless it is left out.
/// let of = |zero_division: f64| Averaging { average: Average::Macro, zero_division }.of(&matrix);
/// assert_eq!((of(0.0).recall, of(f64::NAN).recall), (1.5 / 3.0, 1.5 / 2.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Averaging {
    /// How the scores of the classes become one.
    pub average: Average,
    /// What an undefined score counts as: the precision of a class that was never predicted, the recall of one that never
    /// occurred, the F1 score of one that did neither. 0, as in scikit-learn, or 1; NaN leaves it out of the mean.
    pub zero_division: f64,
}

impl Averaging {
    /// The average scores. NaN if there are no classes, or if all are left out.
    ///
    /// All classes of the matrix count, as in scikit-learn with `labels=range(classes)`; without, it would leave out those
    /// that neither occurred nor were predicted.
    pub fn of(&self, matrix: &ConfusionMatrix) -> Scores {
        let classes = 0..matrix.names.len();
        // Correct, predicted and actual.
        let count = |class| {
            let predicted: u64 = matrix.counts.column(class).sum();
            [matrix.counts[[class, class]], predicted, matrix.counts.row(class).sum()]
        };
        let counts: Vec<[u64; 3]> = classes.map(count).collect();
        let precision = |[correct, predicted, _]: [u64; 3]| self.ratio(correct, predicted);
        let recall = |[correct, _, actual]: [u64; 3]| self.ratio(correct, actual);
        let f1 = |[correct, predicted, actual]: [u64; 3]| self.ratio(2 * correct, predicted + actual);
        Scores {
            precision: self.mean(&counts, precision),
            recall: self.mean(&counts, recall),
            f1: self.mean(&counts, f1),
        }
    }

    fn ratio(&self, part: u64, whole: u64) -> f64 {
        if whole == 0 { self.zero_division } else { part as f64 / whole as f64 }
    }

    fn mean(&self, counts: &[[u64; 3]], score: impl Fn([u64; 3]) -> f64) -> f64 {
        if self.average == Average::Micro {
            let add = |a: [u64; 3], b: &[u64; 3]| std::array::from_fn(|i| a[i] + b[i]);
            return score(counts.iter().fold([0; 3], add));
        }
        let samples: u64 = counts.iter().map(|count| count[2]).sum();
        let (mut sum, mut weights) = (0.0, 0.0);
        for &count in counts {
            let score = score(count);
            // Without samples there are no weights, and every class counts the same.
            let weight = if self.average == Average::Weighted && samples > 0 { count[2] as f64 } else { 1.0 };
            if !score.is_nan() {
                (sum, weights) = (sum + weight * score, weights + weight);
            }
        }
        sum / weights
    }
}

impl ConfusionMatrix {
    /// Precision, recall and F1 score averaged over the classes, where an undefined score counts as 0. [`Averaging`] has
    /// an option for that. For a single class, such as the positive one of two, see [`precision`](Self::precision),
    /// [`recall`](Self::recall) and [`f1`](Self::f1).
    ///
    /// ```
    /// use downhill_nn::{Average, ConfusionMatrix};
    /// use downhill_tensor::Tensor;
    /// let mut matrix = ConfusionMatrix::new(2);
    /// matrix.add(&Tensor::from([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]), &[0, 0, 1, 1]);
    /// let scores = matrix.scores(Average::Macro);
    /// assert_eq!((scores.precision, scores.recall), ((2.0 / 3.0 + 1.0) / 2.0, 0.75));
    /// // With one prediction for each sample, all three micro averages are the accuracy.
    /// assert_eq!(matrix.scores(Average::Micro).f1, matrix.accuracy());
    /// ```
    pub fn scores(&self, average: Average) -> Scores {
        Averaging { average, ..Averaging::default() }.of(self)
    }

    /// The mean of the recalls of the classes that occurred: the accuracy if all classes were equally frequent. NaN if
    /// nothing was counted.
    ///
    /// ```
    /// use downhill_nn::ConfusionMatrix;
    /// use downhill_tensor::Tensor;
    /// let mut matrix = ConfusionMatrix::new(2);
    /// matrix.add(&Tensor::from([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), &[0, 0, 0, 1]);
    /// assert_eq!((matrix.accuracy(), matrix.balanced_accuracy()), (0.75, 0.5));
    /// ```
    pub fn balanced_accuracy(&self) -> f64 {
        Averaging { average: Average::Macro, zero_division: f64::NAN }.of(self).recall
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    /// Classes 0 and 1; class 2 never occurred, class 3 was never predicted.
    fn matrix() -> ConfusionMatrix {
        let counts = arr2(&[[3, 1, 0, 0], [0, 2, 2, 0], [0, 0, 0, 0], [1, 1, 0, 0]]);
        ConfusionMatrix { counts, ..ConfusionMatrix::new(4) }
    }

    #[test]
    fn averages_by_hand() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} is not {b}");
        let scores = matrix().scores(Average::Macro);
        close(scores.precision, (0.75 + 0.5 + 0.0 + 0.0) / 4.0);
        close(scores.recall, (0.75 + 0.5 + 0.0 + 0.0) / 4.0);
        close(scores.f1, (6.0 / 8.0 + 4.0 / 8.0) / 4.0);
        let scores = matrix().scores(Average::Weighted);
        close(scores.precision, (4.0 * 0.75 + 4.0 * 0.5) / 10.0);
        close(scores.recall, 0.5);
        let scores = matrix().scores(Average::Micro);
        assert_eq!(scores, Scores { precision: 0.5, recall: 0.5, f1: 0.5 });
        assert_eq!(matrix().accuracy(), 0.5);
        close(matrix().balanced_accuracy(), (0.75 + 0.5 + 0.0) / 3.0);
    }

    #[test]
    fn what_is_undefined() {
        let of = |average: Average, zero_division: f64| Averaging { average, zero_division }.of(&matrix());
        // Class 3 has no precision, class 2 no recall; its F1 is 0, since it was predicted.
        let (ones, without) = (of(Average::Macro, 1.0), of(Average::Macro, f64::NAN));
        assert_eq!((ones.precision, ones.recall, ones.f1), (2.25 / 4.0, 2.25 / 4.0, 1.25 / 4.0));
        assert_eq!((without.precision, without.recall, without.f1), (1.25 / 3.0, 1.25 / 3.0, 1.25 / 4.0));
        // The weight of a class that is left out is left out too.
        assert_eq!(of(Average::Weighted, f64::NAN).precision, (4.0 * 0.75 + 4.0 * 0.5) / 8.0);
    }

    #[test]
    fn of_nothing() {
        for average in [Average::Micro, Average::Macro, Average::Weighted] {
            assert_eq!(ConfusionMatrix::new(2).scores(average), Scores { precision: 0.0, recall: 0.0, f1: 0.0 });
            assert!(Averaging { average, zero_division: f64::NAN }.of(&ConfusionMatrix::new(2)).f1.is_nan());
        }
        assert!(ConfusionMatrix::new(0).scores(Average::Macro).recall.is_nan());
        assert!(ConfusionMatrix::new(2).balanced_accuracy().is_nan());
    }
}
