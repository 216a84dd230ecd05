//! How well scores rank the samples of a class above the others, whatever the threshold: the area under the ROC curve and
//! the average precision. With several classes, each against the rest.

use downhill_tensor::{Float, Tensor};

use super::Average;
use crate::Labels;

/// The area under the ROC curve, with an option. Without options: [`roc_auc`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RocAuc {
    /// How the areas of several classes become one.
    pub average: Average,
}

/// The area under the ROC curve: the probability that a sample of the class has a higher score than one of another class,
/// where equal scores count half.
///
/// The scores are `[samples]` or `[samples, 1]`, with labels 0 and 1; logits or probabilities, which rank in the same way.
/// Or they are `[samples, classes]`: then the result is the mean over all classes, each against the rest (one-vs-rest), and
/// the scores should be probabilities, so that samples can be compared. NaN if a class has no samples or no others, or a
/// score is NaN. [`RocAuc`] has other averages.
///
/// ```
/// use downhill_nn::roc_auc;
/// use downhill_tensor::Tensor;
/// // Three of the four pairs are in the right order.
/// assert_eq!(roc_auc(&Tensor::from([0.1, 0.4, 0.35, 0.8]), &[0, 0, 1, 1]), 0.75);
/// ```
///
/// # Panics
/// If the scores have other axes than those, there is not one label for each sample, or a label is no class.
#[doc(alias = "roc_auc_score")]
#[track_caller]
pub fn roc_auc<'a, F: Float>(scores: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
    RocAuc::default().of(scores, labels)
}

impl RocAuc {
    /// The area; shapes as in [`roc_auc`].
    ///
    /// With [`Average::Weighted`], classes without samples do not count; with [`Average::Micro`], every pair of a sample and
    /// a class counts as one sample.
    ///
    /// # Panics
    /// If the scores have other axes than those, there is not one label for each sample, or a label is no class.
    #[track_caller]
    pub fn of<'a, F: Float>(&self, scores: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
        let ranks = Ranks::new("roc_auc", scores, &labels.into());
        ranks.average(self.average, area)
    }
}

/// The average precision, with an option. Without options: [`average_precision`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AveragePrecision {
    /// How the precisions of several classes become one.
    pub average: Average,
}

/// The average precision: the area under the precision-recall curve as the sum `Σ (Rₙ - Rₙ₋₁)·Pₙ` over thresholds from the
/// highest score to the lowest. 0 for a class without samples, as in scikit-learn; NaN without any. Shapes as in [`roc_auc`].
///
/// ```
/// use downhill_nn::average_precision;
/// use downhill_tensor::Tensor;
/// let scores = Tensor::from([0.1, 0.4, 0.35, 0.8]);
/// assert_eq!(average_precision(&scores, &[0, 0, 1, 1]), 0.5 * 1.0 + 0.5 * (2.0 / 3.0));
/// ```
///
/// # Panics
/// If the scores have other axes than those, there is not one label for each sample, or a label is no class.
#[doc(alias = "average_precision_score")]
#[track_caller]
pub fn average_precision<'a, F: Float>(scores: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
    AveragePrecision::default().of(scores, labels)
}

impl AveragePrecision {
    /// The average precision; averages as in [`RocAuc::of`].
    ///
    /// # Panics
    /// If the scores have other axes than those, there is not one label for each sample, or a label is no class.
    #[track_caller]
    pub fn of<'a, F: Float>(&self, scores: &Tensor<F>, labels: impl Into<Labels<'a>>) -> f64 {
        let ranks = Ranks::new("average_precision", scores, &labels.into());
        ranks.average(self.average, precision)
    }
}

/// The scores `[samples, columns]` and the labels, checked.
struct Ranks {
    scores: Vec<f64>,
    labels: Vec<usize>,
    columns: usize,
}

impl Ranks {
    #[track_caller]
    fn new<F: Float>(op: &str, scores: &Tensor<F>, labels: &Labels<'_>) -> Self {
        let shape = scores.shape();
        let (samples, columns) = match *shape {
            [samples] => (samples, 1),
            [samples, columns] => (samples, columns),
            _ => panic!("{op} of {shape:?}: the scores must be [samples], or [samples, classes]"),
        };
        let labels = &labels.0;
        assert!(
            labels.shape() == [samples],
            "{op} of {shape:?}: labels of shape {:?}, not [{samples}]",
            labels.shape()
        );
        let classes = columns.max(2);
        if let Some((sample, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= classes) {
            panic!("{op} of {shape:?}: label {label} at index [{sample}] is out of range for {classes} classes");
        }
        let scores = scores.to_vec().into_iter().map(F::as_f64).collect();
        Ranks { scores, labels: labels.iter().copied().collect(), columns }
    }

    /// The scores of all samples for a class, and whether they belong to it.
    fn of(&self, class: usize) -> Vec<(f64, bool)> {
        // One column of scores is that of class 1.
        let positive = if self.columns == 1 { 1 } else { class };
        let score = |(sample, &label): (usize, &usize)| (self.scores[sample * self.columns + class], label == positive);
        self.labels.iter().enumerate().map(score).collect()
    }

    /// The average of a function of the scores of a class, sorted from the highest to the lowest; NaN without samples.
    fn average(&self, average: Average, of: impl Fn(&[(f64, bool)]) -> f64) -> f64 {
        // Not one class after the other: without samples there may be any number of them.
        if self.labels.is_empty() {
            return f64::NAN;
        }
        if average == Average::Micro || self.columns == 1 {
            return value((0..self.columns).flat_map(|class| self.of(class)).collect(), of);
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in 0..self.columns {
            let scores = self.of(class);
            let members = scores.iter().filter(|score| score.1).count();
            let weight = if average == Average::Weighted { members as f64 } else { 1.0 };
            // A class without weight may be undefined.
            if weight > 0.0 {
                (sum, weights) = (sum + weight * value(scores, &of), weights + weight);
            }
        }
        sum / weights
    }
}

fn value(mut scores: Vec<(f64, bool)>, of: impl Fn(&[(f64, bool)]) -> f64) -> f64 {
    if scores.iter().any(|score| score.0.is_nan()) {
        return f64::NAN;
    }
    // Without NaN the order is total.
    scores.sort_unstable_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(std::cmp::Ordering::Equal));
    of(&scores)
}

/// The samples of the class and the others, for each different score.
fn ties(scores: &[(f64, bool)]) -> impl Iterator<Item = (u128, u128)> {
    scores.chunk_by(|a, b| a.0 == b.0).map(|tied| {
        let members = tied.iter().filter(|score| score.1).count();
        (members as u128, (tied.len() - members) as u128)
    })
}

/// The fraction of pairs in the right order. Exact up to one rounding.
fn area(scores: &[(f64, bool)]) -> f64 {
    let (mut above, mut all_others, mut twice) = (0, 0, 0);
    for (members, others) in ties(scores) {
        // Each of these others is below all members so far, and half below those with the same score.
        twice += others * (2 * above + members);
        (above, all_others) = (above + members, all_others + others);
    }
    twice as f64 / (2 * above * all_others) as f64
}

/// `Σ (Rₙ - Rₙ₋₁)·Pₙ`, with the recall `R` and the precision `P` of all samples down to a score.
fn precision(scores: &[(f64, bool)]) -> f64 {
    let (mut found, mut all, mut sum) = (0, 0, 0.0);
    for (members, others) in ties(scores) {
        (found, all) = (found + members, all + members + others);
        sum += members as f64 * (found as f64 / all as f64);
    }
    if found == 0 { 0.0 } else { sum / found as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_half() {
        let scores = Tensor::from([0.5, 0.5, 0.5, 1.0, -0.0, 0.0]);
        // Pairs of a 1 and a 0: (0.5, 0.5) half, (0.5, -0), (1, 0.5), (1, 0.5)...
        assert_eq!(roc_auc(&scores, &[1, 0, 0, 1, 0, 0]), (1.0 + 2.0 + 4.0) / 8.0);
        assert_eq!(roc_auc(&scores, &[0, 0, 0, 0, 1, 0]), 0.5 / 5.0);
        assert_eq!(roc_auc(&Tensor::<f32>::ones(&[4]), &[0, 1, 1, 0]), 0.5);
        assert_eq!(average_precision(&Tensor::<f32>::ones(&[4]), &[0, 1, 1, 0]), 0.5);
    }

    #[test]
    fn ends() {
        let inf = f32::INFINITY;
        let scores = Tensor::from([-inf, 0.0, inf]);
        assert_eq!(roc_auc(&scores, &[0, 0, 1]), 1.0);
        assert_eq!(roc_auc(&scores.reshape(&[3, 1]), &[1, 1, 0]), 0.0);
        // One class only, a NaN, and nothing at all.
        assert!(roc_auc(&scores, &[1, 1, 1]).is_nan() && roc_auc(&scores, &[0, 0, 0]).is_nan());
        assert_eq!((average_precision(&scores, &[0, 0, 0]), average_precision(&scores, &[1, 1, 1])), (0.0, 1.0));
        let nan = Tensor::from([0.0, f32::NAN]);
        assert!(roc_auc(&nan, &[0, 1]).is_nan() && average_precision(&nan, &[0, 1]).is_nan());
        assert!(roc_auc(&Tensor::<f32>::zeros(&[0]), &[]).is_nan());
        // As many classes as there could be.
        for classes in [0, 1, 1 << 40] {
            let nothing = Tensor::<f32>::zeros(&[0, classes]);
            assert!(roc_auc(&nothing, &[]).is_nan() && average_precision(&nothing, &[]).is_nan());
        }
    }

    /// Class 0 is perfectly separated, class 1 has one of two pairs in order, class 2 does not occur.
    #[test]
    fn several_classes() {
        let p = Tensor::from([[0.8, 0.2, 0.0], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]);
        let labels: &[usize] = &[0, 1, 1];
        let of = |average: Average| RocAuc { average }.of(&p, labels);
        assert!(of(Average::Macro).is_nan());
        assert_eq!(of(Average::Weighted), (1.0 + 2.0 * 0.5) / 3.0);
        // Members 0.8, 0.5, 0.1; others 0.8, 0.3, 0.2, 0.2, 0.1, 0.
        assert_eq!(of(Average::Micro), (5.5 + 5.0 + 1.5) / 18.0);
        // Two columns say the same twice.
        let two = Tensor::from([[0.75, 0.25], [0.5, 0.5], [0.625, 0.375]]);
        assert_eq!(roc_auc(&two, labels), roc_auc(&two.select(1, 1), labels));
    }

    #[test]
    #[should_panic(expected = "roc_auc of [2]: label 2 at index [1] is out of range for 2 classes")]
    fn a_third_class() {
        roc_auc(&Tensor::<f32>::zeros(&[2]), &[0, 2]);
    }

    #[test]
    #[should_panic(expected = "average_precision of [2, 3]: labels of shape [3], not [2]")]
    fn too_many_labels() {
        average_precision(&Tensor::<f32>::zeros(&[2, 3]), &[0, 1, 2]);
    }
}
