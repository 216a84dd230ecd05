//! Metrics of predicted numbers: the mean absolute and squared error, and the coefficient of determination.

use downhill_tensor::{Float, Tensor};

use crate::losses::assert_same_shape;

/// The mean absolute error `Σ|x - t|/n` of predictions and targets of the same shape; NaN if there are none. As a number
/// to report; the loss of this name is [`l1`](crate::l1).
///
/// ```
/// use downhill_nn::mean_absolute_error;
/// use downhill_tensor::Tensor;
/// assert_eq!(mean_absolute_error(&Tensor::from([1.0, 2.0]), &Tensor::from([0.0, 5.0])), 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mean_absolute_error<F: Float>(predictions: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    assert_same_shape("mean_absolute_error", predictions, targets);
    let [x, t] = numbers(predictions, targets);
    x.iter().zip(&t).map(|(x, t)| (x - t).abs()).sum::<f64>() / x.len() as f64
}

/// The mean squared error `Σ(x - t)²/n` of predictions and targets of the same shape; NaN if there are none. As a number to
/// report; the loss of this name is [`mse`](crate::mse).
///
/// ```
/// use downhill_nn::mean_squared_error;
/// use downhill_tensor::Tensor;
/// assert_eq!(mean_squared_error(&Tensor::from([1.0, 2.0]), &Tensor::from([0.0, 5.0])), 5.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mean_squared_error<F: Float>(predictions: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    assert_same_shape("mean_squared_error", predictions, targets);
    let [x, t] = numbers(predictions, targets);
    x.iter().zip(&t).map(|(x, t)| (x - t) * (x - t)).sum::<f64>() / x.len() as f64
}

/// The coefficient of determination `R² = 1 - Σ(x - t)²/Σ(t - t̄)²` of predictions and targets of the same shape: 1 if all
/// predictions are right, 0 if they are no better than the mean of the targets, negative if they are worse.
///
/// The first axis is that of the samples; if there are more, the result is the mean over all outputs. Where all targets are
/// equal it is 1 if all predictions are right, else 0, as in scikit-learn. NaN for fewer than two samples.
///
/// ```
/// use downhill_nn::r2_score;
/// use downhill_tensor::Tensor;
/// let targets = Tensor::from([1.0, 2.0, 3.0]);
/// assert_eq!(r2_score(&Tensor::from([1.0, 2.0, 4.0]), &targets), 1.0 - 1.0 / 2.0);
/// assert_eq!(r2_score(&Tensor::from([2.0, 2.0, 2.0]), &targets), 0.0);
/// ```
///
/// # Panics
/// If the shapes differ, or are `[]`.
#[doc(alias = "coefficient_of_determination")]
#[track_caller]
pub fn r2_score<F: Float>(predictions: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    assert_same_shape("r2_score", predictions, targets);
    let shape = targets.shape();
    assert!(!shape.is_empty(), "r2_score of []: there must be an axis of samples");
    let (samples, outputs) = (shape[0], shape[1..].iter().product::<usize>());
    if samples < 2 {
        return f64::NAN;
    }
    let [x, t] = numbers(predictions, targets);
    let mut sum = 0.0;
    for output in 0..outputs {
        let column = || (output..x.len()).step_by(outputs);
        let mean = column().map(|i| t[i]).sum::<f64>() / samples as f64;
        let unexplained: f64 = column().map(|i| (x[i] - t[i]).powi(2)).sum();
        let total: f64 = column().map(|i| (t[i] - mean).powi(2)).sum();
        sum += match (unexplained, total) {
            (0.0, 0.0) => 1.0,
            // A NaN prediction must not look like a wrong one.
            (unexplained, 0.0) if !unexplained.is_nan() => 0.0,
            (unexplained, total) => 1.0 - unexplained / total,
        };
    }
    sum / outputs as f64
}

fn numbers<F: Float>(predictions: &Tensor<F>, targets: &Tensor<F>) -> [Vec<f64>; 2] {
    [predictions, targets].map(|x| x.to_vec().into_iter().map(F::as_f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_targets() {
        let targets = Tensor::<f64>::ones(&[3]);
        assert_eq!(r2_score(&targets, &targets), 1.0);
        assert_eq!(r2_score(&Tensor::from([1.0, 1.0, 2.0]), &targets), 0.0);
        assert!(r2_score(&Tensor::from([1.0, f64::NAN, 2.0]), &targets).is_nan());
    }

    #[test]
    fn several_outputs() {
        let t = Tensor::from([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]);
        let x = Tensor::from([[1.0, 5.0], [2.0, 4.0], [4.0, 5.0]]);
        assert_eq!(r2_score(&x, &t), (0.5 + 0.0) / 2.0);
        assert_eq!(r2_score(&x.reshape(&[3, 1, 2]), &t.reshape(&[3, 1, 2])), 0.25);
        assert_eq!((mean_absolute_error(&x, &t), mean_squared_error(&x.t(), &t.t())), (2.0 / 6.0, 2.0 / 6.0));
    }

    #[test]
    fn of_nothing() {
        let none = Tensor::<f32>::zeros(&[0]);
        assert!(mean_absolute_error(&none, &none).is_nan() && mean_squared_error(&none, &none).is_nan());
        assert!(r2_score(&none, &none).is_nan());
        let one = Tensor::<f32>::ones(&[1, 3]);
        assert!(r2_score(&one, &one).is_nan());
        let no_outputs = Tensor::<f32>::ones(&[3, 0]);
        assert!(r2_score(&no_outputs, &no_outputs).is_nan());
    }

    /// The errors of `f32` numbers, in `f64`.
    #[test]
    fn squares_do_not_overflow() {
        let (x, t) = (Tensor::from([1e30_f32, 0.0]), Tensor::from([0.0, 0.0]));
        assert!((mean_squared_error(&x, &t) / 5e59 - 1.0).abs() < 1e-6);
    }

    #[test]
    #[should_panic(expected = "r2_score: shape mismatch: input [3] and targets [3, 1]")]
    fn a_column_against_a_row() {
        r2_score(&Tensor::<f32>::zeros(&[3]), &Tensor::zeros(&[3, 1]));
    }
}
