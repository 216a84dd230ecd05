//! A linear function with noise.

use downhill_tensor::{Float, Tensor};
use rand::Rng;

use super::{check, matrix, standard_normal};
use crate::TensorDataset;

/// A linear function of normal features, for regression.
///
/// ```text
/// y = x · weights + bias + noise · ε,   x and ε standard normal
/// ```
///
/// The defaults are those of "Dive into Deep Learning" ([arXiv:2106.11342](https://arxiv.org/abs/2106.11342), section
/// "Synthetic Regression Data").
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Linear;
/// let line = Linear { weights: vec![3.0], bias: 1.0, noise: 0.0, ..Linear::default() }.generate::<f64>(&mut rng);
/// let (x, y) = (line.features.to_vec(), line.targets.to_vec());
/// assert_eq!(y[7], 3.0 * x[7] + 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// The number of points.
    pub samples: usize,
    /// The weight of each feature; its length is the number of features.
    pub weights: Vec<f64>,
    /// The value at the origin.
    pub bias: f64,
    /// The standard deviation of the noise in the targets.
    pub noise: f64,
}

impl Default for Linear {
    fn default() -> Self {
        Linear { samples: 1000, weights: vec![2.0, -3.4], bias: 4.2, noise: 0.01 }
    }
}

impl Linear {
    /// Draws the set: features `[samples, weights]`, targets `[samples, 1]`.
    ///
    /// # Panics
    /// If `samples` is 0, `noise` is negative or not finite, or `weights` is empty.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F, Tensor<F>> {
        check("Linear", self.samples, self.noise);
        assert!(!self.weights.is_empty(), "Linear: weights must not be empty");
        let mut features = Vec::with_capacity(self.samples);
        let mut targets = Vec::with_capacity(self.samples);
        for _ in 0..self.samples {
            let x: Vec<f64> = self.weights.iter().map(|_| standard_normal(rng)).collect();
            let product: f64 = x.iter().zip(&self.weights).map(|(x, weight)| x * weight).sum();
            targets.push(vec![product + self.bias + self.noise * standard_normal(rng)]);
            features.push(x);
        }
        TensorDataset { features: matrix(features), targets: matrix(targets) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::tests::{assert_generic, mean_and_std, rng};

    #[test]
    fn what_is_left_is_the_noise() {
        let set = Linear { samples: 20_000, noise: 0.5, ..Linear::default() }.generate::<f64>(&mut rng());
        assert_eq!((set.features.shape(), set.targets.shape()), (&[20_000, 2][..], &[20_000, 1][..]));
        let (x, y) = (set.features.view(), set.targets.view());
        let left = (0..20_000).map(|i| y[[i, 0]] - (2.0 * x[[i, 0]] - 3.4 * x[[i, 1]] + 4.2));
        let (mean, std) = mean_and_std(&ndarray::Array1::from_iter(left).into_dyn());
        assert!(mean.abs() < 0.02 && (std - 0.5).abs() < 0.02, "{mean} {std}");
        let (mean, std) = mean_and_std(&set.features.to_array());
        assert!(mean.abs() < 0.02 && (std - 1.0).abs() < 0.02, "{mean} {std}");
    }

    #[test]
    fn generic_and_seeded() {
        assert_generic(|rng| Linear::default().generate(rng), |rng| Linear::default().generate(rng));
    }

    #[test]
    #[should_panic(expected = "Linear: weights must not be empty")]
    fn no_features() {
        Linear { weights: vec![], ..Linear::default() }.generate::<f32>(&mut rng());
    }
}
