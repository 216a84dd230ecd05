//! Standardizing features: mean 0 and standard deviation 1 in the training data.
//!
//! ```text
//! y = (x - mean) / std      x = y·std + mean
//! ```
//!
//! As scikit-learn's `StandardScaler`.

use downhill_tensor::{Float, Params, Tensor};

use crate::columns_of::{check_columns, columns_of};
use crate::moments::Moments;

/// Subtracts from every feature its mean and divides by its standard deviation, both as in the training data.
///
/// The statistics are buffers: as a field of a model, they are saved and loaded with it, and not trained.
///
/// ```
/// use downhill_data::StandardScaler;
/// use downhill_tensor::{Params, Tensor};
///
/// let (train, test) = (Tensor::from([[1.0, 10.0], [3.0, 10.0]]), Tensor::from([[4.0, 10.0]]));
/// let scaler = StandardScaler::fit(&train);
/// assert_eq!(scaler.transform(&train), Tensor::from([[-1.0, 0.0], [1.0, 0.0]]));
/// assert_eq!(scaler.transform(&test), Tensor::from([[2.0, 0.0]]));
/// assert_eq!(scaler.inverse(&scaler.transform(&test)), test);
///
/// #[derive(Params)]
/// struct Model { scaler: StandardScaler<f64>, slope: Tensor<f64> }
/// let trained = Model { scaler, slope: Tensor::param([[0.5], [-0.5]]) };
///
/// let mut model = Model { scaler: StandardScaler::new(2), slope: Tensor::param([[0.0], [0.0]]) };
/// model.load_state_dict(&trained.state_dict()).unwrap();
/// assert_eq!(model.scaler.mean, Tensor::from([2.0, 10.0]));
/// assert_eq!(model.num_params(), 2);
/// # assert_eq!(model.scaler.transform(&test).matmul(&model.slope).item(), 1.0);
/// ```
///
/// The first axis is that of the samples; the others are features, for targets `[samples]` there is one. NaN, a missing
/// value, does not count and stays NaN.
#[derive(Clone, Debug, Params)]
pub struct StandardScaler<F: Float = f32> {
    /// A buffer: the mean of every feature.
    pub mean: Tensor<F>,
    /// A buffer: the standard deviation of every feature (of the whole training data, divided by their number); 1 for a
    /// constant feature, which becomes 0.
    pub std: Tensor<F>,
}

impl<F: Float> StandardScaler<F> {
    /// For so many features, with mean 0 and standard deviation 1: changes nothing, until statistics are loaded.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(features: usize) -> Self {
        StandardScaler { mean: Tensor::zeros(&[features]), std: Tensor::ones(&[features]) }
    }

    /// Learns from the training data, `[samples, ...]`. A feature is constant if its standard deviation is a rounding
    /// error: at most `samples·ε·|mean|`, with the ε of `f64`, as for scikit-learn.
    ///
    /// # Panics
    /// If there are no samples, or one is infinite.
    #[track_caller]
    pub fn fit(train: &Tensor<F>) -> Self {
        let columns = columns_of("StandardScaler", train);
        let (mut means, mut stds) = (Vec::with_capacity(columns.width), Vec::with_capacity(columns.width));
        for column in 0..columns.width {
            let Moments { count, mean, std } = Moments::of(columns.column(column));
            let constant = std <= count as f64 * f64::EPSILON * mean.abs();
            means.push(F::from_f64(mean));
            // Rounded to `F`, it may be 0.
            let std = F::from_f64(if constant { 1.0 } else { std });
            stds.push(if std == F::zero() { F::one() } else { std });
        }
        let shape = &train.shape()[1..];
        StandardScaler { mean: Tensor::from(means).reshape(shape), std: Tensor::from(stds).reshape(shape) }
    }

    /// `(x - mean) / std`, differentiable.
    ///
    /// # Panics
    /// If `x` has other features than the training data.
    #[track_caller]
    #[doc(alias = "standardize")]
    pub fn transform(&self, x: &Tensor<F>) -> Tensor<F> {
        check_columns("StandardScaler", x, &self.mean);
        (x - &self.mean) / &self.std
    }

    /// `y·std + mean`, differentiable: for predictions of a target that was standardized.
    ///
    /// # Panics
    /// If `y` has other features than the training data.
    #[track_caller]
    #[doc(alias = "inverse_transform")]
    pub fn inverse(&self, y: &Tensor<F>) -> Tensor<F> {
        check_columns("StandardScaler", y, &self.mean);
        y * &self.std + &self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns_of::testing::{holds, refuses};

    #[test]
    fn what_holds_for_every_scaler() {
        holds(StandardScaler::fit, StandardScaler::transform, StandardScaler::inverse);
    }

    #[test]
    fn by_hand() {
        let nan = f64::NAN;
        let x = Tensor::from([[2.0, 7.0, nan], [4.0, 7.0, 1.0], [4.0, 7.0, 3.0], [6.0, 7.0, nan]]);
        let scaler = StandardScaler::fit(&x);
        assert_eq!(scaler.mean.to_vec(), [4.0, 7.0, 2.0]);
        assert_eq!(scaler.std.to_vec(), [2.0_f64.sqrt(), 1.0, 1.0]);
        let y = scaler.transform(&x).to_vec();
        assert_eq!((y[1], y[5], y[8]), (0.0, -1.0, 1.0));
        assert!(y[2].is_nan() && y[11].is_nan());
    }

    /// The mean of equal numbers may round to a neighbour.
    #[test]
    fn what_is_constant_but_for_rounding() {
        let x = Tensor::from(vec![0.1; 1000]);
        assert_eq!(StandardScaler::fit(&x).std.to_vec(), [1.0]);
        let almost: Vec<f64> = (0..1000).map(|i| 1.0 + f64::from(i % 2) * f64::EPSILON).collect();
        assert_eq!(StandardScaler::fit(&Tensor::from(almost)).std.to_vec(), [1.0]);
        let tiny: Vec<f64> = (0..1000).map(|i| 1.0 + f64::from(i % 2) * 1e-9).collect();
        let std = StandardScaler::fit(&Tensor::from(tiny)).std.to_vec()[0];
        assert!((std / 5e-10 - 1.0).abs() < 1e-6, "{std:e}");
        // As f32 the deviation would vanish.
        let small = Tensor::<f32>::from([1e-45, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(StandardScaler::fit(&small).std.to_vec(), [1.0]);
    }

    #[test]
    fn misuse() {
        refuses("StandardScaler: fit needs at least one sample, got the shape [0, 2]", || {
            StandardScaler::fit(&Tensor::<f64>::zeros(&[0, 2]))
        });
        refuses("StandardScaler: fit needs samples along the first axis, got a scalar", || {
            StandardScaler::fit(&Tensor::from(1.0))
        });
        refuses("StandardScaler: sample 1 of the training data is infinite in feature 0", || {
            StandardScaler::fit(&Tensor::from([1.0, f64::INFINITY]))
        });
        let scaler = StandardScaler::<f64>::new(2);
        refuses("StandardScaler of [4, 3]: the training data had features of shape [2]", || {
            scaler.transform(&Tensor::zeros(&[4, 3]))
        });
        refuses("StandardScaler of [2]: the training data had features of shape [2]", || {
            scaler.inverse(&Tensor::zeros(&[2]))
        });
    }
}
