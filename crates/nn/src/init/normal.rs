//! The normal distribution.

use std::iter::repeat_with;

use downhill_tensor::{Float, Tensor, checked_size};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::Normal;

/// A tensor of independent, normally distributed values.
///
/// ```
/// use downhill_nn::init;
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::normal::<f32>(&[3, 2], 0.0, 0.02, &mut rng);
/// assert_eq!(w.shape(), [3, 2]);
/// ```
///
/// # Panics
/// If `std`, the standard deviation, is negative or not finite.
#[track_caller]
pub fn normal<F: Float>(shape: &[usize], mean: f64, std: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    assert!(std >= 0.0 && std.is_finite(), "normal: the standard deviation must be finite and at least 0, got {std}");
    let distribution = Normal::new(mean, std).expect("checked");
    let size = checked_size::<F>("normal", shape);
    let draw = || F::from_f64(distribution.sample(rng));
    Tensor::appended(shape, |elements| elements.extend(repeat_with(draw).take(size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, assert_reproducible, rng};

    #[test]
    fn moments() {
        assert_moments(&normal(&[100, 1000], -3.0, 2.0, &mut rng()), -3.0, 2.0, 3.0);
        assert_eq!(normal(&[2], 0.5, 0.0, &mut rng()), Tensor::from([0.5, 0.5]));
    }

    #[test]
    fn as_many_beyond_two_deviations_as_there_should_be() {
        let n = 100_000.0;
        let far = normal::<f64>(&[100_000], 0.0, 1.0, &mut rng()).to_vec().iter().filter(|x| x.abs() > 2.0).count();
        let expected: f64 = 0.045_500_263_896_358_42;
        assert!((far as f64 / n - expected).abs() < 5.0 * (expected * (1.0 - expected) / n).sqrt(), "{far}");
    }

    #[test]
    fn reproducible() {
        assert_reproducible(|rng| normal(&[5, 3], 0.0, 1.0, rng), |rng| normal(&[5, 3], 0.0, 1.0, rng));
    }

    #[test]
    #[should_panic(expected = "normal: the standard deviation must be finite and at least 0, got -1")]
    fn a_negative_deviation() {
        normal::<f32>(&[2], 0.0, -1.0, &mut rng());
    }
}
