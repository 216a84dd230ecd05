//! The accuracy of a classifier with one logit.

use downhill_tensor::{Float, Tensor};

use crate::losses::assert_same_shape;

/// The fraction of correct predictions of a binary classifier with one logit, as trained by
/// [`bce_with_logits`](crate::bce_with_logits); NaN if there are none. The logits and the targets, 0 or 1, have the same
/// shape. A logit above 0 (a probability above 1/2) predicts 1, a target above 1/2 is 1; a NaN is never right. For
/// probabilities, subtract 0.5.
///
/// ```
/// use downhill_nn::binary_accuracy;
/// use downhill_tensor::Tensor;
/// let logits = Tensor::from([[-1.0], [2.0], [0.5], [3.0]]);
/// assert_eq!(binary_accuracy(&logits, &Tensor::from([[0.0], [1.0], [0.0], [1.0]])), 0.75);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn binary_accuracy<F: Float>(logits: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    assert_same_shape("binary_accuracy", logits, targets);
    let half = F::from_f64(0.5);
    let pairs = logits.to_vec().into_iter().zip(targets.to_vec());
    let right = |&(x, t): &(F, F)| !x.is_nan() && !t.is_nan() && (x > F::zero()) == (t > half);
    pairs.filter(right).count() as f64 / logits.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accuracy;

    /// As with two logits, 0 and `x`: at 0 the first class is predicted.
    #[test]
    fn equals_the_accuracy_of_two_logits() {
        let x = Tensor::from([-1.0, 0.0, 1e-300, f64::INFINITY, f64::NEG_INFINITY, 0.0]);
        let labels = [0, 0, 1, 1, 1, 0];
        let two = downhill_tensor::stack(&[x.zeros_like(), x.clone()], 1);
        let targets = Tensor::from(labels.map(|label| label as f64));
        assert_eq!(binary_accuracy(&x, &targets), accuracy(&two, &labels));
        assert_eq!(binary_accuracy(&x, &targets), 5.0 / 6.0);
    }

    #[test]
    fn nothing_and_nan() {
        assert!(binary_accuracy(&Tensor::<f32>::zeros(&[0, 1]), &Tensor::zeros(&[0, 1])).is_nan());
        let nan = f32::NAN;
        assert_eq!(binary_accuracy(&Tensor::from([nan, nan, 1.0]), &Tensor::from([0.0, 1.0, nan])), 0.0);
    }

    #[test]
    #[should_panic(expected = "binary_accuracy: shape mismatch: input [3, 1] and targets [3]")]
    fn a_column_against_a_row() {
        binary_accuracy(&Tensor::<f32>::zeros(&[3, 1]), &Tensor::zeros(&[3]));
    }
}
