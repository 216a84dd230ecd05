//! Scaling features to a range in the training data.
//!
//! ```text
//! y = (x - min) / (max - min) · (high - low) + low
//! ```
//!
//! As scikit-learn's `MinMaxScaler`.

use downhill_tensor::{Float, Params, Tensor};

use crate::columns_of::{check_columns, columns_of};

/// Scales every feature to the range from `low` to `high`, by its smallest and largest value in the training data. New
/// data may be outside.
///
/// The statistics are buffers: as a field of a model, they are saved and loaded with it, and not trained.
///
/// ```
/// use downhill_data::MinMaxScaler;
/// use downhill_tensor::Tensor;
/// let scaler = MinMaxScaler { low: -1.0, ..MinMaxScaler::fit(&Tensor::from([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])) };
/// let x = Tensor::from([[1.0, 7.0], [4.0, 7.0], [6.0, 7.0]]);
/// let y = scaler.transform(&x);
/// assert_eq!(y, Tensor::from([[-1.0, -1.0], [0.5, -1.0], [1.5, -1.0]]));
/// assert_eq!(scaler.inverse(&y), x);
/// ```
///
/// The first axis is that of the samples; the others are features, for targets `[samples]` there is one. NaN, a missing
/// value, does not count and stays NaN.
#[derive(Clone, Debug, Params)]
pub struct MinMaxScaler<F: Float = f32> {
    /// A buffer: the smallest value of every feature.
    pub min: Tensor<F>,
    /// A buffer: the difference between the largest and the smallest value of every feature; 1 for a constant feature,
    /// which becomes `low`.
    pub range: Tensor<F>,
    /// What the smallest value becomes, by default 0.
    pub low: f64,
    /// What the largest value becomes, by default 1.
    pub high: f64,
}

impl<F: Float> MinMaxScaler<F> {
    /// For so many features, between 0 and 1: changes nothing, until statistics are loaded.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(features: usize) -> Self {
        MinMaxScaler { min: Tensor::zeros(&[features]), range: Tensor::ones(&[features]), low: 0.0, high: 1.0 }
    }

    /// Learns from the training data, `[samples, ...]`; to scale them to the range from 0 to 1.
    ///
    /// # Panics
    /// If there are no samples, or one is infinite, or the largest and the smallest are too far apart for `F`.
    #[track_caller]
    pub fn fit(train: &Tensor<F>) -> Self {
        let columns = columns_of("MinMaxScaler", train);
        let (mut mins, mut ranges) = (Vec::with_capacity(columns.width), Vec::with_capacity(columns.width));
        for column in 0..columns.width {
            // NaN if there is nothing but NaN.
            let min = columns.column(column).fold(f64::NAN, f64::min);
            let range = F::from_f64(columns.column(column).fold(f64::NAN, f64::max) - min);
            let too_far = range.as_f64() == f64::INFINITY;
            assert!(!too_far, "MinMaxScaler: feature {column} has a range beyond that of {}", F::NAME);
            mins.push(F::from_f64(min));
            ranges.push(if range.as_f64() == 0.0 { F::one() } else { range });
        }
        let shape = &train.shape()[1..];
        let (min, range) = (Tensor::from(mins).reshape(shape), Tensor::from(ranges).reshape(shape));
        MinMaxScaler { min, range, low: 0.0, high: 1.0 }
    }

    /// `(x - min) / range · (high - low) + low`, differentiable.
    ///
    /// # Panics
    /// If `x` has other features than the training data, or `low` is not below `high`.
    #[track_caller]
    pub fn transform(&self, x: &Tensor<F>) -> Tensor<F> {
        let [low, size] = self.target_range();
        check_columns("MinMaxScaler", x, &self.min);
        (x - &self.min) / &self.range * size + low
    }

    /// `(y - low) / (high - low) · range + min`, differentiable: for predictions of a target that was scaled.
    ///
    /// # Panics
    /// If `y` has other features than the training data, or `low` is not below `high`.
    #[track_caller]
    #[doc(alias = "inverse_transform")]
    pub fn inverse(&self, y: &Tensor<F>) -> Tensor<F> {
        let [low, size] = self.target_range();
        check_columns("MinMaxScaler", y, &self.min);
        (y - low) / size * &self.range + &self.min
    }

    /// The lower end, and the size.
    #[track_caller]
    fn target_range(&self) -> [F; 2] {
        let (low, high) = (self.low, self.high);
        let valid = low.is_finite() && high.is_finite() && low < high;
        assert!(valid, "MinMaxScaler: low and high must be finite and ascending, got {low} and {high}");
        [low, high - low].map(F::from_f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns_of::testing::{holds, refuses};

    #[test]
    fn what_holds_for_every_scaler() {
        holds(
            |x| MinMaxScaler { low: -2.0, high: 3.0, ..MinMaxScaler::fit(x) },
            MinMaxScaler::transform,
            MinMaxScaler::inverse,
        );
    }

    #[test]
    fn by_hand() {
        let nan = f64::NAN;
        let x = Tensor::from([[2.0, 7.0, nan], [4.0, 7.0, -1.0], [10.0, 7.0, 3.0]]);
        let scaler = MinMaxScaler::fit(&x);
        assert_eq!((scaler.min.to_vec(), scaler.range.to_vec()), (vec![2.0, 7.0, -1.0], vec![8.0, 1.0, 4.0]));
        let y = scaler.transform(&x).to_vec();
        assert!(y[2].is_nan());
        assert_eq!((&y[..2], &y[3..]), (&[0.0, 0.0][..], &[0.25, 0.0, 0.0, 1.0, 0.0, 1.0][..]));
    }

    #[test]
    fn misuse() {
        refuses("MinMaxScaler: fit needs at least one sample, got the shape [0]", || {
            MinMaxScaler::fit(&Tensor::<f64>::zeros(&[0]))
        });
        refuses("MinMaxScaler: sample 0 of the training data is infinite in feature 1", || {
            MinMaxScaler::fit(&Tensor::from([[1.0, f64::NEG_INFINITY]]))
        });
        refuses("MinMaxScaler: feature 0 has a range beyond that of f64", || {
            MinMaxScaler::fit(&Tensor::from([f64::MAX, f64::MIN]))
        });
        refuses("MinMaxScaler: feature 0 has a range beyond that of f32", || {
            MinMaxScaler::fit(&Tensor::from([f32::MAX, f32::MIN]))
        });
        let scaler = MinMaxScaler::<f64>::new(2);
        refuses("MinMaxScaler of [4, 3]: the training data had features of shape [2]", || {
            scaler.transform(&Tensor::zeros(&[4, 3]))
        });
        for (low, high) in [(1.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            let scaler = MinMaxScaler { low, high, ..scaler.clone() };
            refuses("MinMaxScaler: low and high must be finite and ascending", || {
                scaler.inverse(&Tensor::zeros(&[1, 2]))
            });
        }
    }
}
