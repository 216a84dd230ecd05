//! The product of two tensors with named axes, summed over some of the names: one step of [`einsum`](super::einsum()).
//!
//! Composed of permutations, reshaping, and one matrix product or elementwise product, which have the derivatives.

use crate::{Float, Tensor, shape};

/// The name of an axis.
pub(super) type Label = usize;

/// A tensor with a label for each axis, no two alike.
pub(super) struct Labelled<F: Float> {
    pub(super) tensor: Tensor<F>,
    pub(super) labels: Vec<Label>,
}

impl<F: Float> Labelled<F> {
    /// The size of the axis with this label.
    pub(super) fn size(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|&other| other == label).map(|axis| self.tensor.shape()[axis])
    }

    /// The sum over all axes that are not kept.
    #[track_caller]
    pub(super) fn summed(self, keeps: impl Fn(Label) -> bool) -> Self {
        let axes: Vec<isize> =
            (0..self.labels.len()).filter(|&axis| !keeps(self.labels[axis])).map(|a| a as isize).collect();
        if axes.is_empty() {
            return self;
        }
        let labels = self.labels.into_iter().filter(|&label| keeps(label)).collect();
        Labelled { tensor: self.tensor.sum_axis(axes), labels }
    }

    /// The tensor with its axes in the order of these labels.
    #[track_caller]
    pub(super) fn arranged(&self, labels: &[Label]) -> Tensor<F> {
        if self.labels == labels {
            return self.tensor.clone();
        }
        let place =
            |label: &Label| self.labels.iter().position(|other| other == label).expect("every label has an axis");
        let order: Vec<isize> = labels.iter().map(|label| place(label) as isize).collect();
        self.tensor.permute(&order)
    }
}

/// The product of two tensors, in which axes with the same label (and size) are one axis, summed over all that are not
/// kept.
///
/// # Panics
/// If no tensor can have the shape of the result.
#[track_caller]
pub(super) fn contract<F: Float>(a: Labelled<F>, b: Labelled<F>, keeps: impl Fn(Label) -> bool) -> Labelled<F> {
    // What only one of them has can be summed first.
    let (in_a, in_b) = (a.labels.clone(), b.labels.clone());
    let a = a.summed(|label| keeps(label) || in_b.contains(&label));
    let b = b.summed(|label| keeps(label) || in_a.contains(&label));

    let (common, left): (Vec<Label>, Vec<Label>) = a.labels.iter().partition(|label| b.labels.contains(label));
    let (batch, inner): (Vec<Label>, Vec<Label>) = common.iter().partition(|&&label| keeps(label));
    let right: Vec<Label> = b.labels.iter().copied().filter(|label| !common.contains(label)).collect();

    let labels = [batch.as_slice(), &left, &right].concat();
    let size = |label: &Label| a.size(*label).or(b.size(*label)).expect("one of the two has the label");
    let result: Vec<usize> = labels.iter().map(size).collect();
    if let Err(reason) = shape::check::<F>(&result) {
        panic!("einsum of {:?} and {:?}: {reason}", a.tensor.shape(), b.tensor.shape());
    }
    let [batches, rows, columns, terms] =
        [&batch, &left, &right, &inner].map(|labels| labels.iter().map(size).product::<usize>());
    let (x, y) = (
        a.arranged(&[batch.as_slice(), &left, &inner].concat()),
        b.arranged(&[batch.as_slice(), &inner, &right].concat()),
    );
    let product = match () {
        // Nothing to sum: all pairs of the elements that do not share a label.
        _ if inner.is_empty() && left.is_empty() && right.is_empty() => x * y,
        _ if inner.is_empty() => x.reshape(&[batches, rows, 1]) * y.reshape(&[batches, 1, columns]),
        _ if batch.is_empty() => x.reshape(&[rows, terms]).matmul(&y.reshape(&[terms, columns])),
        // Many short inner products.
        _ if left.is_empty() && right.is_empty() => (x * y).reshape(&[batches, terms]).sum_axis(1),
        _ => x.reshape(&[batches, rows, terms]).matmul(&y.reshape(&[batches, terms, columns])),
    };
    Labelled { tensor: product.reshape(&result), labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of label: 0 in both and kept, 1 in both and summed, 2 and 3 in one and kept, 4 in one and summed.
    #[test]
    fn each_kind_of_label() {
        let tensor = |shape: &[usize], factor: f64| {
            let size: usize = shape.iter().product();
            Tensor::from((0..size).map(|i| factor * (i % 7) as f64 - 2.0).collect::<Vec<_>>()).reshape(shape)
        };
        for (in_a, in_b) in [
            (vec![0, 1, 2, 4], vec![3, 1, 0]),
            (vec![1, 2], vec![3, 1]),
            (vec![2, 0], vec![0, 3]),
            (vec![0, 1], vec![1, 0]),
            (vec![0, 2], vec![2, 0]),
            (vec![4], vec![3]),
            (vec![], vec![2, 3]),
            (vec![1], vec![1]),
        ] {
            let sizes = [2, 3, 4, 2, 3];
            let shape = |labels: &[usize]| labels.iter().map(|&label| sizes[label]).collect::<Vec<_>>();
            let (a, b) = (tensor(&shape(&in_a), 1.0), tensor(&shape(&in_b), 0.5));
            let keeps = |label: usize| label == 0 || label == 2 || label == 3;
            let whole =
                |tensor: &Tensor<f64>, labels: &[usize]| Labelled { tensor: tensor.clone(), labels: labels.to_vec() };
            let y = contract(whole(&a, &in_a), whole(&b, &in_b), keeps);
            // By the definition: the sum over all values of all labels.
            let mut expected = Tensor::zeros(y.tensor.shape()).to_array();
            for number in 0..sizes.iter().product::<usize>() {
                let mut rest = number;
                let at = sizes.map(|size| {
                    let value = rest % size;
                    rest /= size;
                    value
                });
                let used = |label: usize| in_a.contains(&label) || in_b.contains(&label);
                if (0..5).any(|label| !used(label) && at[label] > 0) {
                    continue;
                }
                let place = |labels: &[usize]| labels.iter().map(|&label| at[label]).collect::<Vec<_>>();
                expected[place(&y.labels).as_slice()] +=
                    a.view()[place(&in_a).as_slice()] * b.view()[place(&in_b).as_slice()];
            }
            assert_eq!(y.tensor.view(), expected, "{in_a:?} and {in_b:?}");
        }
    }
}
