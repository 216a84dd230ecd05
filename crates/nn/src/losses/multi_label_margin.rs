//! The hinge loss of samples with several labels: by how much the score of every class that is no label comes within 1 of
//! that of every label.

use downhill_tensor::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};
use ndarray::ArrayD;

use super::Reduction;
use super::share::share;
use super::targets::class_axis;

/// The loss `Σ max(0, 1 - x_y + x_c)/C` over the labels `y` of a sample and the classes `c`, of `C`, that are none of its
/// labels, with its option. Without options: [`multi_label_margin`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MultiLabelMargin {
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

/// The mean over the batch of `Σ max(0, 1 - x_y + x_c)/C`, summed over the labels `y` of a sample and the classes `c`, of
/// `C`, that are none of its labels. The scores `x` are `[batch, classes]`, or `[classes]` for a single sample; `labels`
/// has a list for each sample, in any order, which may be empty. (PyTorch takes a matrix of labels that ends each list by
/// -1.) A repeated label counts again. The derivative exactly at the margin is 0.
///
/// ```
/// use downhill_nn::multi_label_margin;
/// use downhill_tensor::Tensor;
/// let scores = Tensor::from([[2.0, 0.0, 1.5, 3.0]]);
/// // Class 2 comes within 0.5 of class 0; class 1 and the label 3 are far enough away.
/// assert_eq!(multi_label_margin(&scores, &[[3, 0]]).item(), 0.5 / 4.0);
/// ```
///
/// # Panics
/// If the scores have other axes than those, there is not one list for each sample, or a label is out of range.
#[track_caller]
pub fn multi_label_margin<F: Float>(input: &Tensor<F>, labels: &[impl AsRef<[usize]>]) -> Tensor<F> {
    MultiLabelMargin::default().loss(input, labels)
}

impl MultiLabelMargin {
    /// The loss; shapes as in [`multi_label_margin`].
    ///
    /// # Panics
    /// If the scores have other axes than those, there is not one list for each sample, or a label is out of range.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, labels: &[impl AsRef<[usize]>]) -> Tensor<F> {
        let shape = input.shape();
        let axis = class_axis("multi_label_margin", shape);
        assert!(
            axis + 1 == shape.len(),
            "multi_label_margin of {shape:?}: the input must be [classes] or [batch, classes]"
        );
        let (samples, classes) = (shape[..axis].iter().product::<usize>(), shape[axis]);
        assert!(
            labels.len() == samples,
            "multi_label_margin of {shape:?}: {} lists of labels for {samples} samples; there must be one for each",
            labels.len()
        );
        let labels: Vec<Vec<usize>> = labels.iter().map(|labels| labels.as_ref().to_vec()).collect();
        for (sample, labels) in labels.iter().enumerate() {
            if let Some(label) = labels.iter().find(|&&label| label >= classes) {
                panic!(
                    "multi_label_margin of {shape:?}: label {label} of sample {sample} is out of range for {classes} \
                     classes (labels start at 0)"
                );
            }
        }
        self.reduction.of(apply(LabelHinge { labels, slope: None }, [input]))
    }
}

/// The losses of all samples. They are piecewise linear: the slope is a constant for the derivative of the derivative.
///
/// A primitive for memory: there are up to `C²/4` pairs of a label and another class, but only `C` slopes.
struct LabelHinge<F: Float> {
    labels: Vec<Vec<usize>>,
    /// In the shape of the scores, from the forward pass: how many pairs within the margin a class is the other of, minus
    /// how many it is the label of, over `C`.
    slope: Option<Tensor<F>>,
}

impl<F: Float> Op<F, 1> for LabelHinge<F> {
    fn name(&self) -> &'static str {
        "multi_label_margin"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "Σ max(0, 1 - x[label] + x[other])/classes",
            &[("x", "dy·(±1/classes for every pair within the margin)")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let counts: Vec<usize> = self.labels.iter().map(Vec::len).collect();
        vec![("labels", self.labels.concat().as_slice().into()), ("counts", counts.as_slice().into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        let shape = x.shape();
        let (axis, classes) = (shape.len() - 1, shape[shape.len() - 1]);
        let x = x.as_standard_layout();
        let rows = x.as_slice().expect("in row-major order").chunks(classes.max(1));
        let (mut losses, mut slope) = (vec![F::zero(); self.labels.len()], vec![F::zero(); x.len()]);
        let part = F::from_f64(1.0 / classes as f64);
        for (sample, (row, slope)) in rows.zip(slope.chunks_mut(classes.max(1))).enumerate() {
            let labels = &self.labels[sample];
            let mut other = vec![true; classes];
            labels.iter().for_each(|&label| other[label] = false);
            // In `f64`, because there may be very many pairs.
            let mut sum = 0.0;
            for &label in labels {
                for other in (0..classes).filter(|&class| other[class]) {
                    let missing = F::one() - row[label] + row[other];
                    // Divergence must stay visible.
                    if missing > F::zero() || missing.is_nan() {
                        sum += missing.as_f64();
                        slope[label] -= part;
                        slope[other] += part;
                    }
                }
            }
            losses[sample] = F::from_f64(sum / classes as f64);
        }
        self.slope = Some(Tensor::from_shape_vec(shape, slope));
        ArrayD::from_shape_vec(&shape[..axis], losses).expect("one loss for each sample").into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // Where the slope is 0, an infinite dy must not produce NaN.
        share(self.slope.as_ref().expect("kept by the forward pass"), &dy.unsqueeze(-1))
    }
}

compiled!(Op<1> LabelHinge<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        // Differences are at least a tenth away from the margin, whatever the sweep draws from so small a domain.
        let hinge =
            |labels: &[Vec<usize>], x: &Tensor<f64>| apply(LabelHinge { labels: labels.to_vec(), slope: None }, [x]);
        let near = || Domain::between(-0.4, 0.4);
        sweep::shapes("multi_label_margin", &[&[3]], near(), |x| hinge(&[vec![2, 0]], x));
        sweep::shapes("multi_label_margin", &[&[2, 3], &[2, 4]], near(), |x| hinge(&[vec![2], vec![0, 1]], x));
        sweep::shapes("multi_label_margin", &[&[1, 2]], near(), |x| hinge(&[vec![1, 1]], x));
        sweep::shapes("multi_label_margin", &[&[2, 0], &[2, 1]], near(), |x| hinge(&[vec![], vec![]], x));
        sweep::shapes("multi_label_margin", &[&[0, 3], &[0, 0]], near(), |x| hinge(&[], x));
    }

    #[test]
    fn derivatives() {
        let x = Tensor::from([[0.5, -1.0, 0.25, 3.0], [2.0, 0.0, 1.75, 0.25]]);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = MultiLabelMargin { reduction };
            gradcheck(|[x]| options.loss(x, &[vec![0, 2], vec![3]]), [&x], Check::order(2)).unwrap();
        }
    }

    /// Also the subgradient at the margin.
    #[test]
    fn values_by_hand() {
        let none = MultiLabelMargin { reduction: Reduction::None };
        let x = Tensor::param([[0.125, 0.25, 0.5, 0.75], [1.0, 0.0, 2.0, -3.0]]);
        // 4 - 2·(0.75 + 0.125) + 2·(0.25 + 0.5); then 1 - 1 + 2, while class 1 is exactly at the margin.
        let losses = none.loss(&x, &[vec![3, 0], vec![0]]);
        assert_eq!(losses.to_vec(), [3.75 / 4.0, 2.0 / 4.0]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [-0.5, 0.5, 0.5, -0.5, -0.25, 0.0, 0.25, 0.0]);
        // A repeated label counts again, no label costs nothing, and neither does having all of them.
        let x = x.select(0, 1);
        assert_eq!(none.loss(&x, &[[0, 0]]).item(), 1.0);
        assert_eq!(none.loss(&x, &[[] as [usize; 0]]).item(), 0.0);
        assert_eq!(none.loss(&x, &[[0, 1, 2, 3]]).item(), 0.0);
    }

    #[test]
    fn infinities_and_nan() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = Tensor::param([[0.0, -inf, 0.5], [inf, 0.0, 0.0], [0.0, inf, 0.0], [nan, 0.0, 0.0], [0.0, nan, 0.0]]);
        let losses = MultiLabelMargin { reduction: Reduction::None }.loss(&x, &[[0]; 5]);
        let values = losses.to_vec();
        assert_eq!(values[..3], [0.5, 0.0, inf]);
        assert!(values[3].is_nan() && values[4].is_nan(), "{values:?}");
        let slope = losses.narrow(0, 0, 2).sum().backward()[&x].to_vec();
        assert_eq!(slope[..6], [-1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "multi_label_margin of [2, 3]: 1 lists of labels for 2 samples")]
    fn a_missing_list() {
        multi_label_margin(&Tensor::<f32>::zeros(&[2, 3]), &[[0]]);
    }

    #[test]
    #[should_panic(expected = "multi_label_margin of [2, 3]: label 3 of sample 1 is out of range for 3 classes")]
    fn a_label_out_of_range() {
        multi_label_margin(&Tensor::<f32>::zeros(&[2, 3]), &[[0], [3]]);
    }
}
