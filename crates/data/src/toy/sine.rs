//! A sine wave with noise.

use std::f64::consts::TAU;

use downhill_tensor::{Float, Tensor};
use rand::Rng;

use super::{check, linspace, matrix, standard_normal};
use crate::TensorDataset;

/// A sine wave with noise, for regression.
///
/// With `x` evenly spaced from 0 to 1,
///
/// ```text
/// y = sin(2π · periods · x) + noise · ε,   ε standard normal
/// ```
///
/// One period with a noise of 0.3 is the running example of Bishop, "Pattern Recognition and Machine Learning"
/// (2006), section 1.1.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Sine;
/// let sine = Sine { samples: 5, noise: 0.0, ..Sine::default() }.generate::<f64>(&mut rng);
/// assert_eq!(sine.features.to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
/// assert_eq!(sine.targets.to_vec()[1], 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sine {
    /// The number of points.
    pub samples: usize,
    /// The number of periods in `[0, 1]`.
    pub periods: f64,
    /// The standard deviation of the noise in the targets.
    pub noise: f64,
}

impl Default for Sine {
    fn default() -> Self {
        Sine { samples: 100, periods: 1.0, noise: 0.3 }
    }
}

impl Sine {
    /// Draws the set: features `[samples, 1]` in ascending order, targets `[samples, 1]`.
    ///
    /// # Panics
    /// If `samples` is 0, or `noise` is negative or not finite.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F, Tensor<F>> {
        check("Sine", self.samples, self.noise);
        let x: Vec<f64> = linspace(0.0, 1.0, self.samples).collect();
        let wave = x.iter().map(|x| vec![(TAU * self.periods * x).sin() + self.noise * standard_normal(rng)]);
        TensorDataset { targets: matrix(wave.collect()), features: matrix(x.iter().map(|&x| vec![x]).collect()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::tests::{assert_close, assert_generic, mean_and_std, rng};

    #[test]
    fn two_waves_through_their_crests_and_zeros() {
        let sine = Sine { samples: 9, periods: 2.0, noise: 0.0 }.generate::<f64>(&mut rng());
        assert_close(&sine.targets, &[0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0]);
        assert_eq!((sine.features.shape(), sine.targets.shape()), (&[9, 1][..], &[9, 1][..]));
    }

    #[test]
    fn noise_has_the_standard_deviation_asked_for() {
        let draw = |noise| Sine { samples: 20_000, periods: 1.0, noise }.generate::<f64>(&mut rng());
        let (mean, std) = mean_and_std(&(draw(0.3).targets.to_array() - draw(0.0).targets.view()));
        assert!(mean.abs() < 0.01 && (std - 0.3).abs() < 0.01, "{mean} {std}");
    }

    #[test]
    fn generic_and_seeded() {
        assert_generic(|rng| Sine::default().generate(rng), |rng| Sine::default().generate(rng));
    }
}
