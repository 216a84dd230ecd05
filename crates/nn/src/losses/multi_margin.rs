//! The hinge loss of labels, a support vector machine with several classes: by how much the score of every other class
//! comes within a margin of the label's.

use downhill_tensor::{Float, Tensor, where_};
use ndarray::{ArrayD, Axis};

use super::targets::{class_axis, class_weights, weighted};
use super::{Labels, Reduction};

/// The loss `w_y·Σ max(0, margin - x_y + x_c)ᵖ/C` over the `C` classes `c` other than the label `y`, with its options.
/// Without options: [`multi_margin`].
#[derive(Clone, Debug)]
pub struct MultiMargin<F: Float = f32> {
    /// The exponent, 1 or 2.
    pub p: u32,
    /// By how much the score of the label must exceed the others to cost nothing.
    pub margin: f64,
    /// A weight for each class, `[classes]`; all 1 if `None`. The mean divides by the batch size, not by their sum. No
    /// gradient flows to it.
    pub weight: Option<Tensor<F>>,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl<F: Float> Default for MultiMargin<F> {
    fn default() -> Self {
        MultiMargin { p: 1, margin: 1.0, weight: None, reduction: Reduction::Mean }
    }
}

/// The mean over the batch of `Σ max(0, 1 - x_y + x_c)/C`, summed over the `C` classes `c` other than the label `y`. The
/// scores `x` are `[batch, classes]`, or `[classes]` with a single label of shape `[]`. The derivative exactly at the
/// margin is 0. [`MultiMargin`] has options.
///
/// ```
/// use downhill_nn::multi_margin;
/// use downhill_tensor::Tensor;
/// let scores = Tensor::from([[2.0, 0.0, 1.5], [0.0, 5.0, 1.0]]);
/// assert_eq!(multi_margin(&scores, &[0, 1]).item(), 0.5 / 3.0 / 2.0);
/// ```
///
/// # Panics
/// If the scores have other axes than those, the labels do not fit, or a label is out of range.
#[track_caller]
pub fn multi_margin<'a, F: Float>(input: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
    MultiMargin::default().loss(input, labels)
}

impl<F: Float> MultiMargin<F> {
    /// The loss; shapes as in [`multi_margin`].
    ///
    /// # Panics
    /// If the scores have other axes than those, the labels do not fit, a label is out of range, `p` is neither 1 nor 2,
    /// or the weight is not `[classes]`.
    #[track_caller]
    pub fn loss<'a>(&self, input: &Tensor<F>, labels: impl Into<Labels<'a>>) -> Tensor<F> {
        let (shape, labels) = (input.shape(), labels.into());
        assert!(self.p == 1 || self.p == 2, "multi_margin: p must be 1 or 2, got {}", self.p);
        let axis = class_axis("multi_margin", shape);
        assert!(axis + 1 == shape.len(), "multi_margin of {shape:?}: the input must be [classes] or [batch, classes]");
        labels.check("multi_margin", shape, axis, None);
        let weight = class_weights("multi_margin", self.weight.as_ref(), shape[axis]);

        let own = input.gather(axis as isize, &labels.0.view().insert_axis(Axis(axis)));
        let missing = (input - own + F::from_f64(self.margin)).relu();
        let missing = if self.p == 2 { missing.square() } else { missing };
        let mut other = ArrayD::from_elem(shape, true);
        for (mut row, &label) in other.lanes_mut(Axis(axis)).into_iter().zip(&labels.0) {
            row[label] = false;
        }
        let losses = where_(&other, missing, F::zero()).mean_axis(axis as isize);
        let weight = weight.map(|weight| Tensor::from(labels.0.mapv(|label| weight[label])));
        self.reduction.of(weighted("multi_margin", losses, weight.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use ndarray::arr0;

    use super::*;

    #[test]
    fn derivatives() {
        let x = Tensor::from([[0.5, -1.0, 0.25], [2.0, 0.0, 1.75]]);
        for p in [1, 2] {
            for weight in [None, Some(Tensor::from([1.0, 2.0, 0.5]))] {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                    let options = MultiMargin { p, margin: 0.7, weight: weight.clone(), reduction };
                    gradcheck(|[x]| options.loss(x, &[1, 2]), [&x], Check::order(2)).unwrap();
                }
            }
        }
    }

    #[test]
    fn values_by_hand() {
        // Missing to a distance of 1 from the label: 0, 0.5 | 3 and exactly at the margin.
        let x = Tensor::param([[2.0, 0.0, 1.5], [1.0, 3.0, 0.0]]);
        let loss = |p: u32, weight: [f64; 3]| {
            let options =
                MultiMargin { p, weight: Some(Tensor::from(weight)), reduction: Reduction::None, margin: 1.0 };
            options.loss(&x, &[0, 0])
        };
        assert_eq!(loss(1, [1.0; 3]).to_vec(), [0.5 / 3.0, 3.0 / 3.0]);
        assert_eq!(loss(2, [1.0; 3]).to_vec(), [0.25 / 3.0, 9.0 / 3.0]);
        assert_eq!(loss(1, [4.0, 0.0, 0.0]).to_vec(), [2.0 / 3.0, 4.0]);
        let slope = loss(2, [1.0; 3]).sum().backward()[&x].to_vec();
        assert_eq!(slope, [-1.0 / 3.0, 0.0, 1.0 / 3.0, -2.0, 2.0, 0.0]);
        // A single sample.
        assert_eq!(multi_margin(&Tensor::from([2.0, 0.0, 1.5]), &arr0(0)).item(), 0.5 / 3.0);
    }

    #[test]
    fn empty_batches_and_lonely_classes() {
        let none = MultiMargin::<f32> { reduction: Reduction::None, ..MultiMargin::default() };
        assert_eq!(none.loss(&Tensor::zeros(&[0, 3]), &[]).shape(), [0]);
        assert_eq!(none.loss(&Tensor::zeros(&[0, 0]), &[]).shape(), [0]);
        assert_eq!(none.loss(&Tensor::ones(&[2, 1]), &[0, 0]).to_vec(), [0.0, 0.0]);
    }

    /// A class masked by -inf costs nothing, and the label itself may be certain.
    #[test]
    fn infinite_scores() {
        let inf = f64::INFINITY;
        let x = Tensor::param([[0.0, -inf, 0.5], [inf, 0.0, 0.0], [0.0, inf, 0.0], [f64::NAN, 0.0, 0.0]]);
        let losses = MultiMargin { reduction: Reduction::None, ..MultiMargin::default() }.loss(&x, &[0, 0, 0, 0]);
        assert_eq!(losses.to_vec()[..3], [0.5, 0.0, inf]);
        assert!(losses.to_vec()[3].is_nan());
        let slope = losses.narrow(0, 0, 2).sum().backward()[&x].to_vec();
        assert_eq!(slope[..6], [-1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "multi_margin of [2, 3, 4]: the input must be [classes] or [batch, classes]")]
    fn an_image() {
        multi_margin(&Tensor::<f32>::zeros(&[2, 3, 4]), &[0, 1]);
    }

    #[test]
    #[should_panic(expected = "multi_margin: p must be 1 or 2, got 3")]
    fn a_cube() {
        MultiMargin { p: 3, ..MultiMargin::default() }.loss(&Tensor::<f32>::zeros(&[1, 2]), &[0]);
    }
}
