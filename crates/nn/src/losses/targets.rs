//! The targets of a classifier: labels, or probabilities.

use downhill_tensor::{Float, Tensor};
use ndarray::{Array, ArrayView, ArrayViewD, Dimension};

use super::share::share;

/// The class of each sample, as an index from 0. Converts from `&Vec<usize>`, a slice, an array, or an `ndarray` view
/// of any dimension.
#[derive(Clone, Debug)]
pub struct Labels<'a>(pub(crate) ArrayViewD<'a, usize>);

/// The targets of a classification loss: a label for each sample, or the probability of every class.
///
/// ```
/// use downhill_nn::cross_entropy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[2.0, 0.0], [0.0, 1.0]]);
/// let by_label = cross_entropy(&logits, &[0, 1]);
/// let by_probability = cross_entropy(&logits, &Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
/// assert_eq!(by_label.item(), by_probability.item());
/// ```
#[derive(Clone, Debug)]
pub enum Targets<'a, F: Float = f32> {
    /// The class of each sample.
    Labels(Labels<'a>),
    /// The probability of every class, in the shape of the logits. Gradients flow to it.
    Probabilities(&'a Tensor<F>),
}

impl<'a, F: Float> From<&'a Tensor<F>> for Targets<'a, F> {
    fn from(probabilities: &'a Tensor<F>) -> Self {
        Targets::Probabilities(probabilities)
    }
}

impl<'a, F: Float> From<Labels<'a>> for Targets<'a, F> {
    fn from(labels: Labels<'a>) -> Self {
        Targets::Labels(labels)
    }
}

/// Conversions from the containers that labels come in, to `Labels` and to `Targets`.
macro_rules! labels_from {
    ($([$($generics:tt)*] $Source:ty: |$source:ident| $view:expr;)*) => {$(
        impl<'a, $($generics)*> From<$Source> for Labels<'a> {
            fn from($source: $Source) -> Self {
                Labels($view.into_dyn())
            }
        }

        impl<'a, F: Float, $($generics)*> From<$Source> for Targets<'a, F> {
            fn from(source: $Source) -> Self {
                Targets::Labels(source.into())
            }
        }
    )*};
}

labels_from! {
    [] &'a [usize]: |slice| ArrayView::from(slice);
    [] &'a Vec<usize>: |vec| ArrayView::from(vec);
    [const N: usize] &'a [usize; N]: |array| ArrayView::from(array.as_slice());
    [D: Dimension] ArrayView<'a, usize, D>: |view| view;
    [D: Dimension] &'a Array<usize, D>: |array| array.view();
}

impl Labels<'_> {
    /// Panics unless there is one label for each sample, and each is less than the number of classes or equal to
    /// `ignore`.
    #[track_caller]
    pub(crate) fn check(&self, op: &str, input: &[usize], axis: usize, ignore: Option<usize>) {
        let (shape, classes) = (label_shape(input, axis), input[axis]);
        if self.0.shape() != shape {
            panic!(
                "{op}: shape mismatch: input {input:?} and labels {:?}: the labels must have shape {shape:?}, the input's \
                 shape without its class axis",
                self.0.shape()
            );
        }
        let is_wrong = |&label: &usize| label >= classes && Some(label) != ignore;
        if self.0.iter().any(is_wrong) {
            let (index, label) = self.0.indexed_iter().find(|&(_, label)| is_wrong(label)).expect("there is one");
            panic!(
                "{op} of {input:?}: label {label} at index {:?} is out of range for {classes} classes (labels start at \
                 0); if it means \"no label\", set it as `ignore_index`",
                index.slice()
            );
        }
    }
}

/// The axis that holds the classes: 1 in `[batch, classes, ...]`, 0 in `[classes]`.
///
/// # Panics
/// If the input is a scalar.
#[track_caller]
pub(crate) fn class_axis(op: &str, logits: &[usize]) -> usize {
    match logits {
        [] => panic!("{op} of []: a scalar has no class axis; the input must be [classes] or [batch, classes, ...]"),
        [_] => 0,
        _ => 1,
    }
}

/// The shape without its class axis: that of the labels.
pub(crate) fn label_shape(logits: &[usize], axis: usize) -> Vec<usize> {
    [&logits[..axis], &logits[axis + 1..]].concat()
}

/// The class weights, if there are any.
///
/// # Panics
/// If their shape is not `[classes]`.
#[track_caller]
pub(crate) fn class_weights<F: Float>(op: &str, weight: Option<&Tensor<F>>, classes: usize) -> Option<Vec<F>> {
    let weight = weight?;
    assert!(
        weight.shape() == [classes],
        "{op}: shape mismatch: class weights of shape {:?} for {classes} classes; the weight must have shape [{classes}]",
        weight.shape()
    );
    Some(weight.to_vec())
}

/// Panics unless the two shapes are equal. PyTorch only warns and broadcasts: `[n]` against `[n, 1]` then compares
/// every prediction with every target.
#[track_caller]
pub(crate) fn assert_same_shape<F: Float>(loss: &str, input: &Tensor<F>, target: &Tensor<F>) {
    if input.shape() != target.shape() {
        panic!(
            "{loss}: shape mismatch: input {:?} and targets {:?}: the shapes must be equal; use `.reshape(...)` or \
             `.broadcast_to(...)`",
            input.shape(),
            target.shape()
        );
    }
}

/// Panics unless every label is 1 or -1: with 0 and 1, a loss for ±1 would not fail, but learn something else.
#[track_caller]
pub(crate) fn assert_signs<F: Float>(loss: &str, labels: &Tensor<F>) {
    let view = labels.view();
    if let Some((index, label)) = view.indexed_iter().find(|&(_, label)| label.abs() != F::one()) {
        panic!(
            "{loss}: label {label} at index {:?} is neither 1 nor -1; labels `t` of 0 and 1 become -1 and 1 by `t * 2.0 - 1.0`",
            index.slice()
        );
    }
}

/// Multiplies the elementwise losses by a weight that broadcasts to them; weight 0 costs 0, even if the loss is
/// infinite.
///
/// # Panics
/// If the weight does not broadcast.
#[track_caller]
pub(crate) fn weighted<F: Float>(loss: &str, losses: Tensor<F>, weight: Option<&Tensor<F>>) -> Tensor<F> {
    let Some(weight) = weight else { return losses };
    let pairs = weight.shape().iter().rev().zip(losses.shape().iter().rev());
    let fits = weight.ndim() <= losses.ndim() && pairs.into_iter().all(|(w, n)| w == n || *w == 1);
    assert!(
        fits,
        "{loss}: cannot broadcast the weight of shape {:?} to the losses of shape {:?}",
        weight.shape(),
        losses.shape()
    );
    share(weight, &losses)
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    #[test]
    fn every_container() {
        fn labels<'a>(source: impl Into<Labels<'a>>) -> Vec<usize> {
            source.into().0.iter().copied().collect()
        }
        let vec = vec![3, 1];
        assert_eq!(labels(&vec), vec);
        assert_eq!(labels(vec.as_slice()), vec);
        assert_eq!(labels(&[3, 1]), vec);
        assert_eq!(labels(arr1(&[3, 1]).view()), vec);
        assert_eq!(labels(&arr2(&[[3], [1]])), vec);
        assert!(matches!(Targets::<f32>::from(&vec), Targets::Labels(_)));
        assert!(matches!(Targets::from(&Tensor::from(1.0_f32)), Targets::Probabilities(_)));
    }
}
