//! The cross-entropy of logits: the loss of a classifier.
//!
//! For a single label `y` it is the negative log-likelihood of the right class,
//!
//! ```text
//! loss = -ln p[y]        with  p = softmax(logits),  so  ln p = log_softmax(logits)
//! ```
//!
//! and its gradient with respect to the logits is `p - one_hot(y)`. For target probabilities `q` it is
//! `-Σ_c q[c]·ln p[c]`; a label is the special case of a one-hot `q`.
//!
//! Where that is computed: labels become the coefficients of `ln p`, which is `-1` at `[y]` and 0 elsewhere
//! (`NllLoss::entries`; class weights and label smoothing change the coefficients). A mean or a sum then evaluates
//! `Σ coefficient·ln p` in one operation (`softmax_product.rs`, for speed); without a reduction it is `log_softmax`
//! followed by a sparse product (`sparse.rs`).

use downhill_tensor::{Float, Tensor, compiled};

use super::share::share;
use super::softmax_product::softmax_product;
use super::sparse::sparse_product;
use super::targets::{assert_same_shape, class_axis, class_weights, label_shape};
use super::{NllLoss, Reduction, Targets};

/// The cross-entropy `-Σ_c w_c·q_c·ln p_c` between the targets `q` and the predictions `p = softmax(logits)`, with
/// options: class weights, an ignored label, label smoothing and the reduction. For a label `y`, `q` is one-hot and the
/// loss is `-w_y·ln p_y`. Without options: [`cross_entropy`].
///
/// ```
/// use downhill_nn::CrossEntropy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[2.0, -1.0], [0.0, 1.0]]);
/// let loss = CrossEntropy { label_smoothing: 0.1, ..CrossEntropy::default() }.loss(&logits, &[0, 1]);
/// assert!((loss.item() - 0.280_924_f64).abs() < 1e-6);
/// ```
///
/// As in PyTorch, the mean over labels divides by the sum of their weights (NaN if every label is ignored), and the
/// mean over probabilities by the number of samples.
#[derive(Clone, Debug)]
pub struct CrossEntropy<F: Float = f32> {
    /// A weight for each class, `[classes]`; all 1 if `None`. No gradient flows to it.
    pub weight: Option<Tensor<F>>,
    /// The label that means "no label": its loss and gradient are 0. It may be a class or any other value, such as 255.
    /// (PyTorch's default is -100; ours is `None`, since a `usize` label cannot be negative.)
    pub ignore_index: Option<usize>,
    /// `ε` in [0, 1]: the targets become `(1 - ε)·q + ε/C` for `C` classes (arXiv:1512.00567).
    pub label_smoothing: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for CrossEntropy<F> {
    fn default() -> Self {
        CrossEntropy { weight: None, ignore_index: None, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

/// The mean cross-entropy, `-ln softmax(logits)[y]` averaged over the labels `y`. Finite for all finite logits.
///
///
/// `logits` is `[batch, classes]`, `[batch, classes, ...]` or `[classes]`. The targets are either labels
/// (`&Vec<usize>`, a slice, an array, an `ndarray` view), in the shape of the logits without the class axis, or a
/// tensor of probabilities in the shape of the logits. [`CrossEntropy`] has options.
///
/// ```
/// use downhill_nn::cross_entropy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::param([[2.0, -1.0], [0.0, 1.0]]);
/// let labels = vec![0, 1];
/// let loss = cross_entropy(&logits, &labels);
/// assert!((loss.item() - 0.180_924_f64).abs() < 1e-6);
/// // The gradient is softmax(logits) minus the one-hot label, divided by the batch size.
/// let gradient = &loss.backward()[&logits];
/// assert!((gradient.to_vec()[0] - ((2.0_f64.exp() / (2.0_f64.exp() + (-1.0_f64).exp())) - 1.0) / 2.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the targets do not have the shape described, or a label is out of range.
#[track_caller]
pub fn cross_entropy<'a, F: Float>(logits: &Tensor<F>, targets: impl Into<Targets<'a, F>>) -> Tensor<F> {
    CrossEntropy::default().loss(logits, targets)
}

impl<F: Float> CrossEntropy<F> {
    /// The loss; shapes as in [`cross_entropy`].
    ///
    /// # Panics
    /// If the targets do not have the shape described there, a label is out of range, the weight is not `[classes]`,
    /// the smoothing is not in [0, 1], or `ignore_index` is set and the targets are probabilities.
    #[track_caller]
    pub fn loss<'a>(&self, logits: &Tensor<F>, targets: impl Into<Targets<'a, F>>) -> Tensor<F> {
        self.of(logits, targets.into())
    }

    #[track_caller]
    #[inline(never)]
    fn of(&self, logits: &Tensor<F>, targets: Targets<'_, F>) -> Tensor<F> {
        let smoothing = self.label_smoothing;
        assert!((0.0..=1.0).contains(&smoothing), "cross_entropy: label_smoothing must be in [0, 1], got {smoothing}");
        let axis = class_axis("cross_entropy", logits.shape());
        match targets {
            Targets::Labels(labels) => {
                // -ln p[y], the negative log-likelihood of each label y, where ln p = log_softmax(logits).
                let CrossEntropy { weight, ignore_index, reduction, .. } = self.clone();
                let options = NllLoss { weight, ignore_index, reduction };
                // The coefficients of ln p: -w_y at [y], plus label smoothing.
                let (entries, total) = options.entries("cross_entropy", logits.shape(), &labels, smoothing);
                let shape = label_shape(logits.shape(), axis);
                match reduction.divisor(&shape, total) {
                    // The reduced loss: log_softmax, -ln p[y] and the mean or sum in one operation.
                    Some(divisor) => softmax_product(logits, axis, entries, F::from_f64(1.0 / divisor)),
                    // One loss -ln p[y] for each label.
                    None => sparse_product(entries, &logits.log_softmax(axis as isize), shape),
                }
            }
            Targets::Probabilities(probabilities) => {
                assert!(
                    self.ignore_index.is_none(),
                    "cross_entropy: ignore_index applies to labels only; for a row of probabilities, use all zeros"
                );
                self.of_probabilities(logits, axis, probabilities)
            }
        }
    }

    #[track_caller]
    fn of_probabilities(&self, logits: &Tensor<F>, axis: usize, probabilities: &Tensor<F>) -> Tensor<F> {
        assert_same_shape("cross_entropy", logits, probabilities);
        let classes = logits.shape()[axis];
        let mut q = probabilities.clone();
        // Label smoothing: q becomes (1 - ε)·q + ε/C.
        if self.label_smoothing > 0.0 {
            let (peak, floor) = (1.0 - self.label_smoothing, self.label_smoothing / classes as f64);
            q = q * F::from_f64(peak) + F::from_f64(floor);
        }
        // Class weights, broadcast along the class axis.
        if let Some(weight) = class_weights("cross_entropy", self.weight.as_ref(), classes) {
            let mut shape = vec![1; logits.ndim()];
            shape[axis] = classes;
            q *= Tensor::from(weight).reshape(&shape);
        }
        // -Σ_c q[c]·ln p[c]; `share` makes 0·(-inf) = 0, so an impossible class that is not expected costs nothing.
        self.reduction.of(-share(&q, &logits.log_softmax(axis as isize)).sum_axis(axis))
    }
}

compiled!(fn(&CrossEntropy<F>, &Tensor<F>, Targets<'_, F>) -> Tensor<F> = CrossEntropy::<F>::of);

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use ndarray::arr2;

    use super::*;

    fn logits() -> Tensor<f64> {
        Tensor::from([[1.0, -0.5, 0.25], [0.0, 2.0, -1.0]])
    }

    /// Every combination of options.
    fn options() -> Vec<CrossEntropy<f64>> {
        let mut list = Vec::new();
        for weight in [None, Some(Tensor::from([0.5, 2.0, 1.0]))] {
            for label_smoothing in [0.0, 0.1, 1.0] {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                    list.push(CrossEntropy { weight: weight.clone(), label_smoothing, reduction, ignore_index: None });
                }
            }
        }
        list
    }

    #[test]
    fn derivatives_by_labels() {
        let image = Tensor::from([[[1.0, 0.5], [-0.5, 1.0], [0.25, -2.0]], [[0.0, 1.0], [2.0, 1.5], [-1.0, 0.5]]]);
        for options in options() {
            gradcheck(|[x]| options.loss(x, &[2, 1]), [&logits()], Check::order(2)).unwrap();
            gradcheck(|[x]| options.loss(x, &arr2(&[[2, 1], [0, 0]])), [&image], Check::order(2)).unwrap();
            let options = CrossEntropy { ignore_index: Some(1), ..options };
            gradcheck(|[x]| options.loss(x, &[2, 1]), [&logits()], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn derivatives_by_probabilities() {
        let q = Tensor::from([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]);
        for options in options() {
            gradcheck(|[x, q]| options.loss(x, q), [&logits(), &q], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn one_hot_probabilities_are_labels() {
        let one_hot = Tensor::from([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
        let mut compared = 0;
        for options in options() {
            // With weights the two means differ by definition.
            if options.weight.is_none() || options.reduction != Reduction::Mean {
                let difference = options.loss(&logits(), &[2, 1]) - options.loss(&logits(), &one_hot);
                assert!(difference.to_vec().iter().all(|x| x.abs() < 1e-15), "{options:?}: {difference}");
                compared += 1;
            }
        }
        assert_eq!(compared, 21);
    }

    #[test]
    fn trailing_axes_are_part_of_the_batch() {
        let image = Tensor::from([[[1.0, 0.5], [-0.5, 1.0], [0.25, -2.0]], [[0.0, 1.0], [2.0, 1.5], [-1.0, 0.5]]]);
        let rows = image.permute(&[0, 2, 1]).reshape(&[4, 3]);
        let (labels, probabilities) = (arr2(&[[2, 1], [0, 0]]), image.softmax(1));
        let probability_rows = rows.softmax(1);
        for options in options().into_iter().filter(|options| options.reduction != Reduction::BatchMean) {
            let by_label = options.loss(&image, &labels).flatten(0, -1) - options.loss(&rows, &[2, 1, 0, 0]);
            let by_probability =
                options.loss(&image, &probabilities).flatten(0, -1) - options.loss(&rows, &probability_rows);
            for difference in [by_label, by_probability] {
                assert!(difference.to_vec().iter().all(|x| x.abs() < 1e-15), "{options:?}: {difference}");
            }
        }
    }

    #[test]
    fn finite_for_large_logits() {
        let logits = Tensor::param([[1000.0_f32, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]]);
        let loss = cross_entropy(&logits, &[0, 0]);
        assert_eq!(loss.item(), 1000.0);
        assert_eq!(loss.backward()[&logits].to_vec(), [0.0, 0.0, 0.0, -0.5, 0.5, 0.0]);
    }

    #[test]
    fn any_memory_layout_and_an_empty_batch() {
        let x = Tensor::param(logits().t().to_array());
        let loss = cross_entropy(&x.t(), &[2, 1]);
        assert_eq!(loss, cross_entropy(&logits(), &[2, 1]));
        let row_by_row = Tensor::param(logits());
        let expected = cross_entropy(&row_by_row, &[2, 1]).backward()[&row_by_row].t();
        assert_eq!(loss.backward()[&x], expected);

        let nothing = Tensor::<f64>::param(Tensor::zeros(&[0, 3]));
        let loss = cross_entropy(&nothing, &[]);
        assert!(loss.item().is_nan(), "the mean of an empty batch");
        assert_eq!(loss.backward()[&nothing].shape(), [0, 3]);
        // Images without pixels.
        let nothing = Tensor::<f64>::param(Tensor::zeros(&[2, 3, 0]));
        let sum = CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() };
        let loss = sum.loss(&nothing, &ndarray::Array2::<usize>::zeros((2, 0)));
        assert_eq!(loss.item(), 0.0);
        assert_eq!(loss.backward()[&nothing].shape(), [2, 3, 0]);
    }

    #[test]
    fn ignored_labels_have_no_gradient_even_if_all_are_ignored() {
        let x = Tensor::param(logits());
        let options = CrossEntropy { ignore_index: Some(9), label_smoothing: 0.1, ..CrossEntropy::default() };
        let slope = options.loss(&x, &[9, 1]).backward()[&x].to_vec();
        assert!(slope[..3] == [0.0; 3] && slope[3..].iter().all(|x| *x != 0.0), "{slope:?}");
        let loss = options.loss(&x, &[9, 9]);
        assert!(loss.item().is_nan());
        assert_eq!(loss.backward()[&x], Tensor::zeros(&[2, 3]));
    }

    #[test]
    fn nan_propagates() {
        let x = Tensor::param([[f64::NAN, 0.0], [1.0, 0.0]]);
        let loss = cross_entropy(&x, &[1, 0]);
        assert!(loss.item().is_nan());
        let slope = loss.backward()[&x].to_vec();
        assert!(slope[..2].iter().all(|x| x.is_nan()) && slope[2..].iter().all(|x| x.is_finite()), "{slope:?}");
    }

    #[test]
    fn a_single_sample_has_a_scalar_label() {
        let x = Tensor::from([1.0, 2.0]);
        let single = cross_entropy(&x, &ndarray::arr0(1));
        assert_eq!(single, cross_entropy(&x.reshape(&[1, 2]), &[1]));
    }

    #[test]
    #[should_panic(expected = "cross_entropy of [2, 3]: label 7 at index [0] is out of range for 3 classes")]
    fn a_label_out_of_range() {
        cross_entropy(&logits(), &[7, 0]);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: shape mismatch: input [2, 3] and targets [3]: the shapes must be equal")]
    fn probabilities_of_the_wrong_shape() {
        cross_entropy(&logits(), &Tensor::from([0.0, 0.0, 1.0]));
    }

    #[test]
    #[should_panic(expected = "cross_entropy: ignore_index applies to labels only")]
    fn ignore_index_with_probabilities() {
        let options = CrossEntropy { ignore_index: Some(0), ..CrossEntropy::default() };
        options.loss(&logits(), &Tensor::zeros(&[2, 3]));
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label_smoothing must be in [0, 1], got 1.5")]
    fn smoothing_out_of_range() {
        CrossEntropy { label_smoothing: 1.5, ..CrossEntropy::default() }.loss(&logits(), &[0, 0]);
    }
}
