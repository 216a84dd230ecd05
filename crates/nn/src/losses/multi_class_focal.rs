//! The focal loss of a classifier with several classes: the cross-entropy, with little weight on what is predicted well
//! already.
//!
//! ```text
//! loss = -α_y·(1 - p[y])^γ·ln p[y]        with  p = softmax(logits)
//! ```
//!
//! Lin et al., "Focal loss for dense object detection", arXiv 1708.02002. It is the binary focal loss of the
//! label against all other classes, whose logit is `z = ln Σ_{c≠y} e^{x[c]} - x[y]`: then `1 - p[y] = σ(z)` and
//! `-ln p[y] = softplus(z)`, in which nothing cancels where the prediction is nearly certain.

use downhill_tensor::{Float, Tensor};
use ndarray::ArrayD;

use super::focal::of_wrong;
use super::share::share;
use super::sparse::{Entry, sparse_product};
use super::targets::{class_axis, label_shape};
use super::{Labels, NllLoss, Reduction};

/// The focal loss `-α_y·(1 - p_y)^γ·ln p_y` of logits and class labels `y`, where `p = softmax(logits)`, with its options.
/// Without: [`multi_class_focal`]. For labels 0 and 1 of one logit each: [`Focal`](crate::Focal).
///
/// ```
/// use downhill_nn::{CrossEntropy, MultiClassFocal};
/// use downhill_tensor::Tensor;
/// let logits = Tensor::<f64>::from([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]]);
/// let weight = Some(Tensor::from([1.0, 2.0, 0.5]));
/// let loss = MultiClassFocal { weight: weight.clone(), gamma: 0.0, ..MultiClassFocal::default() };
/// // Without focus it is the cross-entropy.
/// let plain = CrossEntropy { weight, ..CrossEntropy::default() };
/// assert!((loss.loss(&logits, &[0, 1]).item() - plain.loss(&logits, &[0, 1]).item()).abs() < 1e-15);
/// ```
///
/// As for the cross-entropy, the mean divides by the sum of the weights `α_y` of the labels that are not ignored (NaN if
/// all are). Other implementations divide by the number of labels (that is [`Reduction::Sum`] divided by it), or, as the
/// paper, by the number of labels that are not background.
#[derive(Clone, Debug)]
pub struct MultiClassFocal<F: Float = f32> {
    /// `α`, a weight for each class, `[classes]`; all 1 if `None`. No gradient flows to it.
    pub weight: Option<Tensor<F>>,
    /// `γ`, how fast the weight falls as the prediction gets better; with 0 the loss is the cross-entropy.
    pub gamma: f64,
    /// The label that means "no label": its loss and gradient are 0. It may be a class or any other value, such as 255.
    pub ignore_index: Option<usize>,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for MultiClassFocal<F> {
    /// `γ = 2`, as in the paper, and all classes alike.
    fn default() -> Self {
        MultiClassFocal { weight: None, gamma: 2.0, ignore_index: None, reduction: Reduction::Mean }
    }
}

/// The mean focal loss `-(1 - p_y)²·ln p_y` of logits and class labels `y`, where `p = softmax(logits)`. Shapes are those
/// of [`cross_entropy`](crate::cross_entropy): logits `[batch, classes]`, `[batch, classes, ...]` or `[classes]`, and
/// labels in that shape without the class axis. [`MultiClassFocal`] has options.
///
/// A logit of -inf is an impossible class: as the label it costs infinity, elsewhere nothing. A logit of +inf for the
/// label costs 0, for another class infinity (whose gradient is NaN, as that of a softmax).
///
/// ```
/// use downhill_nn::multi_class_focal;
/// use downhill_tensor::Tensor;
/// let loss = multi_class_focal(&Tensor::from([[0.0, 0.0], [1000.0, 0.0]]), &[1, 0]);
/// assert_eq!(loss.item(), 0.25 * 2.0_f64.ln() / 2.0);
/// ```
///
/// # Panics
/// If the labels do not have the shape described, or a label is out of range.
#[track_caller]
pub fn multi_class_focal<'a, F: Float>(logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
    MultiClassFocal::default().loss(logits, labels)
}

impl<F: Float> MultiClassFocal<F> {
    /// The loss; shapes as in [`multi_class_focal`].
    ///
    /// # Panics
    /// If the labels do not have the shape described there, a label is out of range, the weight is not `[classes]`, or
    /// `gamma` is negative or not finite.
    #[track_caller]
    pub fn loss<'a>(&self, logits: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
        self.of(logits, &labels.into())
    }

    #[track_caller]
    fn of(&self, logits: &Tensor<F>, labels: &Labels<'_>) -> Tensor<F> {
        const NAME: &str = "multi_class_focal";
        let axis = class_axis(NAME, logits.shape());
        let shape = label_shape(logits.shape(), axis);
        let MultiClassFocal { weight, ignore_index, reduction, gamma } = self.clone();
        // Of each label that is not ignored: its place, and its weight with a minus.
        let (entries, total) = NllLoss { weight, ignore_index, reduction }.entries(NAME, logits.shape(), labels, 0.0);
        let mut own = vec![false; logits.len()];
        let mut ignored = vec![true; labels.0.len()];
        let mut weight = vec![F::zero(); labels.0.len()];
        for entry in &entries {
            own[entry.column] = true;
            ignored[entry.row] = false;
            weight[entry.row] = -entry.coefficient;
        }
        let others = logits.masked_fill(&array(logits.shape(), own), F::neg_infinity()).logsumexp_axis(axis as isize);
        let ones = entries.into_iter().map(|entry| Entry { coefficient: F::one(), ..entry });
        let wrong = others - sparse_product(ones, logits, shape.clone());
        // Whatever is there, even NaN, does not count.
        let wrong = wrong.masked_fill(&array(&shape, ignored), F::zero());
        let losses = share(&Tensor::from(array(&shape, weight)), &of_wrong(NAME, gamma, &wrong));
        reduction.of_weighted(losses, total)
    }
}

fn array<T>(shape: &[usize], elements: Vec<T>) -> ArrayD<T> {
    ArrayD::from_shape_vec(shape, elements).expect("as many as the shape has")
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, grad, gradcheck};

    use super::*;
    use crate::{CrossEntropy, Focal};

    fn logits() -> Tensor<f64> {
        Tensor::from([[1.0, -0.5, 0.25], [0.0, 2.0, -1.0]])
    }

    const REDUCTIONS: [Reduction; 4] = [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean];

    #[test]
    fn derivatives() {
        let sequences = logits().reshape(&[1, 3, 2]);
        for reduction in REDUCTIONS {
            for gamma in [0.5, 2.0] {
                for weight in [None, Some(Tensor::from([0.5, 2.0, 1.0]))] {
                    let options = MultiClassFocal { weight, gamma, reduction, ignore_index: Some(9) };
                    gradcheck(|[x]| options.loss(x, &[2, 0]), [&logits()], Check::order(2)).unwrap();
                    gradcheck(|[x]| options.loss(x, &[9, 1]), [&logits()], Check::order(2)).unwrap();
                    let labels = ndarray::arr2(&[[2, 0]]);
                    gradcheck(|[x]| options.loss(x, &labels), [&sequences], Check::order(2)).unwrap();
                }
            }
        }
    }

    /// The probabilities of the labels are 1/2, 1/4 and 1/6.
    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[2.0, 1.0, 1.0], [1.0, 1.0, 2.0], [3.0, 2.0, 1.0]]).ln();
        let weight = Some(Tensor::from([1.0, 3.0, 0.5]));
        let options = MultiClassFocal { weight, gamma: 3.0, reduction: Reduction::None, ignore_index: None };
        let losses = options.loss(&x, &[0, 1, 2]);
        let terms: [(f64, f64); 3] = [(1.0, 1.0 / 2.0), (3.0, 1.0 / 4.0), (0.5, 1.0 / 6.0)];
        let expected = terms.map(|(weight, p)| -weight * (1.0 - p).powi(3) * p.ln());
        assert!(losses.all_close(Tensor::from(expected), 1e-14, 0.0), "{losses}");
        let mean = MultiClassFocal { reduction: Reduction::Mean, ..options.clone() }.loss(&x, &[0, 1, 2]).item();
        assert!((mean - expected.iter().sum::<f64>() / 4.5).abs() < 1e-14, "{mean}");
        let ignoring = MultiClassFocal { reduction: Reduction::Mean, ignore_index: Some(1), ..options };
        let mean = ignoring.loss(&x, &[0, 1, 2]).item();
        assert!((mean - (expected[0] + expected[2]) / 1.5).abs() < 1e-14, "{mean}");
        // A single class is certain.
        assert_eq!(multi_class_focal(&Tensor::from([[3.0_f64]]), &[0]).item(), 0.0);
    }

    #[test]
    fn without_focus_it_is_the_cross_entropy() {
        for reduction in REDUCTIONS {
            let weight = Some(Tensor::from([0.5, 2.0, 1.0]));
            let ignore_index = Some(255);
            let focal = MultiClassFocal { weight: weight.clone(), gamma: 0.0, ignore_index, reduction };
            let plain = CrossEntropy { weight, ignore_index, reduction, ..CrossEntropy::default() };
            for labels in [[2, 1], [255, 0]] {
                assert!(focal.loss(&logits(), &labels).all_close(plain.loss(&logits(), &labels), 1e-15, 1e-15));
            }
        }
        assert!(
            MultiClassFocal { ignore_index: Some(1), ..Default::default() }.loss(&logits(), &[1, 1]).item().is_nan()
        );
    }

    /// Two classes with logits 0 and x are one logit x.
    #[test]
    fn two_classes_are_the_binary_loss() {
        let x = Tensor::<f64>::from([[0.0, 1.5], [0.0, -0.25]]);
        let binary = Focal { alpha: None, gamma: 1.5, ..Focal::default() };
        let several = MultiClassFocal { gamma: 1.5, ..MultiClassFocal::default() };
        let one = binary.loss(&Tensor::<f64>::from([1.5, -0.25]), &Tensor::from([1.0, 0.0])).item();
        assert!((several.loss(&x, &[1, 0]).item() - one).abs() < 1e-15);
    }

    /// Where `1 - p` has no digits left, the loss still does.
    #[test]
    fn nearly_certain() {
        let x = Tensor::<f64>::param([[40.0, 0.0, 0.0]]);
        let loss = multi_class_focal(&x, &[0]);
        // 1 - p = -ln p = q = 2/e⁴⁰, up to a factor 1 + q; the derivative of q³ by the label's logit is -3q³.
        let cube = (2.0 * (-40.0_f64).exp()).powi(3);
        assert!((loss.item() / cube - 1.0).abs() < 1e-13, "{loss}");
        let [slope] = grad(&loss, [&x]);
        assert!((slope.to_vec()[0] / (-3.0 * cube) - 1.0).abs() < 1e-13, "{slope}");
    }

    /// Also the second derivative is finite where the weight vanishes, for a power below 1 too.
    #[test]
    fn far_out() {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let x = Tensor::<f64>::param([[1e3, 0.0], [0.0, 1e3], [1e5, -1e5]]);
            let options = MultiClassFocal { gamma, reduction: Reduction::Sum, ..MultiClassFocal::default() };
            let loss = options.loss(&x, &[0, 0, 0]);
            assert_eq!(loss.item(), 1e3, "{gamma}");
            let [slope] = grad(&loss, [&x]);
            assert_eq!(slope.to_vec(), [0.0, 0.0, -1.0, 1.0, 0.0, 0.0], "{gamma}");
            let [curvature] = grad(&slope.square().sum(), [&x]);
            assert_eq!(curvature.to_vec(), [0.0; 6], "{gamma}");
        }
    }

    #[test]
    fn an_ignored_row_may_be_anything() {
        let x = Tensor::param([[f64::NAN, 0.0], [0.0, 0.0], [f64::NEG_INFINITY, f64::NEG_INFINITY]]);
        let options = MultiClassFocal { ignore_index: Some(7), ..MultiClassFocal::default() };
        let loss = options.loss(&x, &[7, 1, 7]);
        assert!((loss.item() - 0.25 * 2.0_f64.ln()).abs() < 1e-15);
        // As in the cross-entropy, only the gradient of a row with NaN is NaN.
        assert!(loss.backward()[&x].to_vec()[2..].iter().all(|slope| slope.is_finite()));
        let nothing = multi_class_focal(&Tensor::<f64>::zeros(&[2, 3, 0]), &ndarray::Array2::zeros((2, 0)));
        assert!(nothing.item().is_nan(), "the mean of nothing");
    }

    #[test]
    #[should_panic(expected = "multi_class_focal of [2, 3]: label 3 at index [1] is out of range for 3 classes")]
    fn a_label_out_of_range() {
        multi_class_focal(&logits(), &[0, 3]);
    }

    #[test]
    #[should_panic(expected = "multi_class_focal: gamma must be finite and non-negative, got -1")]
    fn a_negative_gamma() {
        MultiClassFocal { gamma: -1.0, ..MultiClassFocal::default() }.loss(&logits(), &[0, 1]);
    }
}
