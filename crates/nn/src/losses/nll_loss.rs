//! The negative log-likelihood of labels, `-ln p[y]`, given log-probabilities `ln p`.

use downhill_tensor::{Float, Tensor};

use super::sparse::{Entry, sparse_product};
use super::targets::{class_axis, class_weights, label_shape};
use super::{Labels, Reduction};

/// The negative log-likelihood `-w_y·ln p_y` of each label `y`, given log-probabilities, with its options. Without
/// options: [`nll_loss`].
///
/// As in PyTorch, the mean divides by the sum of the weights `w_y` of the labels that are not ignored, so it is NaN if
/// all are ignored.
#[derive(Clone, Debug)]
pub struct NllLoss<F: Float = f32> {
    /// A weight for each class, `[classes]`; all 1 if `None`. No gradient flows to it.
    pub weight: Option<Tensor<F>>,
    /// The label that means "no label": its loss and gradient are 0. It may be a class or any other value, such as 255.
    /// (PyTorch's default is -100; ours is `None`, since a `usize` label cannot be negative.)
    pub ignore_index: Option<usize>,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for NllLoss<F> {
    fn default() -> Self {
        NllLoss { weight: None, ignore_index: None, reduction: Reduction::Mean }
    }
}

/// The mean negative log-likelihood of `labels`. `log_probabilities` is `[batch, classes]`, `[batch, classes, ...]`
/// with labels `[batch, ...]`, or `[classes]` with a single label of shape `[]`. [`NllLoss`] has options.
///
/// ```
/// use downhill_nn::nll_loss;
/// use downhill_tensor::Tensor;
/// let log_probabilities = Tensor::from([[0.5, 0.5], [0.75, 0.25]]).ln();
/// let loss = nll_loss(&log_probabilities, &[0, 1]);
/// assert_eq!(loss.item(), -(0.5_f64.ln() + 0.25_f64.ln()) / 2.0);
/// ```
///
/// # Panics
/// If the labels do not have the shape of `log_probabilities` without its class axis, or a label is out of range.
#[track_caller]
pub fn nll_loss<'a, F: Float>(log_probabilities: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
    NllLoss::default().loss(log_probabilities, labels)
}

impl<F: Float> NllLoss<F> {
    /// The loss of `labels` under `log_probabilities`; shapes as in [`nll_loss`].
    ///
    /// # Panics
    /// If the labels do not have the shape of `log_probabilities` without its class axis, a label is out of range, or
    /// the weight is not `[classes]`.
    #[track_caller]
    pub fn loss<'a>(&self, log_probabilities: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
        let shape = log_probabilities.shape();
        let (entries, total) = self.entries("nll_loss", shape, &labels.into(), 0.0);
        let losses = sparse_product(entries, log_probabilities, label_shape(shape, class_axis("nll_loss", shape)));
        self.reduction.of_weighted(losses, total)
    }

    /// The coefficients `c` with which `Σ c·ln p` over a row of log-probabilities is the loss of its label: `-w_y` at
    /// the label `y`, so that the loss is `-w_y·ln p[y]`. They are the entries of a sparse matrix that maps
    /// log-probabilities of this shape to losses. Also returns the total weight of the labels.
    ///
    /// Label smoothing replaces the one-hot target of `y` by `1 - ε` at `y` plus `ε/C` at each of the `C` classes. As
    /// in PyTorch, the first term is weighted by `w_y` and the second by `w_c`, while the mean of both divides by the
    /// sum of the `w_y`.
    #[track_caller]
    pub(super) fn entries(
        &self,
        op: &str,
        shape: &[usize],
        labels: &Labels<'_>,
        smoothing: f64,
    ) -> (Vec<Entry<F>>, f64) {
        let axis = class_axis(op, shape);
        let classes = shape[axis];
        labels.check(op, shape, axis, self.ignore_index);
        let mut weight = class_weights(op, self.weight.as_ref(), classes);
        if let (Some(weight), Reduction::Mean) = (&mut weight, self.reduction) {
            bring_near_one(weight);
        }
        let weight = |class: usize| weight.as_ref().map_or(F::one(), |weight| weight[class]);

        // A row is one label, a column one element of the log-probabilities in row-major order; `inner` elements lie
        // between one class and the next.
        let inner: usize = shape[axis + 1..].iter().product();
        let column = |row: usize, class: usize| (row / inner * classes + class) * inner + row % inner;
        // (1 - ε) at the label and ε/C everywhere.
        let (peak, floor) = (F::from_f64(1.0 - smoothing), F::from_f64(smoothing / classes as f64));
        let mut entries = Vec::with_capacity(labels.0.len());
        let mut total = 0.0;
        for (row, &label) in labels.0.iter().enumerate().filter(|&(_, &label)| Some(label) != self.ignore_index) {
            // The loss of this label is -w_y·ln p[y].
            entries.push(Entry { row, column: column(row, label), coefficient: -peak * weight(label) });
            if smoothing != 0.0 {
                let part = |class| Entry { row, column: column(row, class), coefficient: -floor * weight(class) };
                entries.extend((0..classes).map(part));
            }
            total += weight(label).as_f64();
        }
        (entries, total)
    }
}

/// Scales weights far from 1 by a common power of two, which cancels in a mean, so that neither the weighted losses nor
/// the reciprocal of the sum of the weights overflow or underflow.
fn bring_near_one<F: Float>(weights: &mut [F]) {
    let largest = weights.iter().fold(0.0, |largest: f64, weight| largest.max(weight.as_f64().abs()));
    if largest > 0.0 && largest.is_finite() && !(1e-9..=1e9).contains(&largest) {
        // In two steps: the whole factor may be out of range, each half is not.
        let exponent = -largest.log2().round() as i32;
        let halves = [exponent / 2, exponent - exponent / 2].map(|half| F::from_f64(2.0_f64.powi(half)));
        weights.iter_mut().for_each(|weight| *weight = *weight * halves[0] * halves[1]);
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;
    use crate::CrossEntropy;

    fn log_p() -> Tensor<f64> {
        Tensor::from([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]]).ln()
    }

    #[test]
    fn by_hand() {
        let options = NllLoss { weight: Some(Tensor::from([1.0, 2.0, 4.0])), ..NllLoss::default() };
        let (a, b) = (-0.5_f64.ln() * 4.0, -0.8_f64.ln() * 2.0);
        let close = |x: Tensor<f64>, y: f64| assert!((x.item() - y).abs() < 1e-15, "{x} is not {y}");
        close(options.loss(&log_p(), &[2, 1]), (a + b) / 6.0);
        close(NllLoss { reduction: Reduction::Sum, ..options.clone() }.loss(&log_p(), &[2, 1]), a + b);
        close(NllLoss { reduction: Reduction::BatchMean, ..options.clone() }.loss(&log_p(), &[2, 1]), (a + b) / 2.0);
        close(NllLoss { ignore_index: Some(2), ..options }.loss(&log_p(), &[2, 1]), b / 2.0);
    }

    /// The mean divides by the sum of the weights, so a common factor cancels, however small or large.
    #[test]
    fn the_mean_depends_on_weight_ratios_only() {
        fn check<F: Float>(factors: &[f64]) {
            let x = Tensor::<F>::param([[0.25, 0.75, 0.5], [2.0, -1.0, 0.0]].map(|row| row.map(F::from_f64)));
            let of = |factor: f64, smoothing: f64| {
                let weight = [1.0, 2.0, 4.0].map(|w| F::from_f64(w) * F::from_f64(factor));
                let weight = Some(Tensor::from(weight));
                let loss = match smoothing {
                    s if s < 0.0 => NllLoss { weight, ..NllLoss::default() }.loss(&x, &[2, 1]),
                    label_smoothing => {
                        CrossEntropy { weight, label_smoothing, ..CrossEntropy::default() }.loss(&x, &[2, 1])
                    }
                };
                let value = loss.item();
                (value, loss.backward()[&x].to_vec())
            };
            for &factor in factors {
                for smoothing in [-1.0, 0.0, 0.1] {
                    // Powers of two, so the results must be bitwise identical.
                    assert_eq!(of(factor, smoothing), of(1.0, smoothing), "{} {factor:e} {smoothing}", F::NAME);
                }
            }
        }
        let two = |exponent: i32| 2.0_f64.powi(exponent);
        check::<f32>(&[two(-149), two(-147), two(-130), two(-40), two(-20), two(20), two(40), two(124)]);
        check::<f64>(&[two(-1022), two(-1000), two(-40), two(40), two(1000), two(1020)]);
        check::<f64>(&[f64::from_bits(1)]);
    }

    #[test]
    fn an_ignored_label_need_not_be_a_class() {
        let options = NllLoss { ignore_index: Some(255), reduction: Reduction::None, ..NllLoss::default() };
        assert_eq!(options.loss(&log_p(), &[255, 1]).to_vec(), [0.0, -0.8_f64.ln()]);
        let all = NllLoss { reduction: Reduction::Mean, ..options }.loss(&log_p(), &[255, 255]);
        assert!(all.item().is_nan(), "the mean of nothing");
    }

    /// The ignored label may be a class, also class 0.
    #[test]
    fn the_first_class_ignored() {
        let options = NllLoss { ignore_index: Some(0), reduction: Reduction::None, ..NllLoss::default() };
        assert_eq!(options.loss(&log_p(), &[0, 1]).to_vec(), [0.0, -0.8_f64.ln()]);
        let mean = NllLoss { reduction: Reduction::Mean, ..options };
        assert_eq!(mean.loss(&log_p(), &[0, 1]).item(), -0.8_f64.ln());
        // The same label, not ignored.
        let options = NllLoss { ignore_index: Some(1), ..mean };
        assert_eq!(options.loss(&log_p(), &[0, 1]).item(), -0.2_f64.ln());
    }

    /// `Σ w·l / Σ w`, with weights that are small, zero or negative: the divisor has no lower bound.
    #[test]
    fn small_and_zero_weights_are_used_exactly() {
        let loss = |weight: [f64; 3], labels: &[usize; 2]| {
            let weight = Some(Tensor::from(weight));
            NllLoss { weight, ..NllLoss::default() }.loss(&log_p(), labels).item()
        };
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-15, "{x} is not {y}");
        let (a, b) = (-0.5_f64.ln(), -0.8_f64.ln());
        close(loss([1.0, 1e-4, 1e-5], &[2, 1]), (1e-5 * a + 1e-4 * b) / 1.1e-4);
        close(loss([1.0, 2.0, 0.0], &[2, 1]), b);
        close(loss([1.0, -0.5, 2.0], &[2, 1]), (2.0 * a - 0.5 * b) / 1.5);
        assert!(loss([1.0, 0.0, 0.0], &[2, 1]).is_nan(), "0/0, as in PyTorch");
    }

    #[test]
    fn derivatives() {
        let options = NllLoss { weight: Some(Tensor::from([1.0, 2.0, 4.0])), ..NllLoss::default() };
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = NllLoss { reduction, ..options.clone() };
            gradcheck(|[x]| options.loss(x, &[2, 1]), [&log_p()], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "nll_loss: shape mismatch: input [2, 3] and labels [3]: the labels must have shape [2]")]
    fn too_many_labels() {
        nll_loss(&log_p(), &[0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "nll_loss of [2, 3]: label 3 at index [1] is out of range for 3 classes")]
    fn a_label_out_of_range() {
        nll_loss(&log_p(), &[0, 3]);
    }

    #[test]
    #[should_panic(expected = "nll_loss: shape mismatch: class weights of shape [2] for 3 classes")]
    fn too_few_weights() {
        NllLoss { weight: Some(Tensor::from([1.0, 2.0])), ..NllLoss::default() }.loss(&log_p(), &[0, 1]);
    }
}
