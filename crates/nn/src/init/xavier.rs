//! Xavier (or Glorot) initialization: a compromise between `fan_in` and `fan_out`.

use downhill_tensor::{Float, Tensor, checked_size};
use rand::Rng;

use super::{fans, normal, uniform};

/// Draws from N(0, σ²) with `σ = gain·√(2/(fan_in + fan_out))`: a compromise between preserving the variance of the
/// values and that of the gradients (Glorot and Bengio, "Understanding the difficulty of training deep feedforward
/// neural networks", 2010). `gain` is 1 or that of a [`Nonlinearity`](super::Nonlinearity).
///
/// ```
/// use downhill_nn::init::{self, Nonlinearity};
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::xavier_normal::<f32>(&[128, 784], Nonlinearity::Tanh.gain(), &mut rng);
/// assert_eq!(w.shape(), [128, 784]);
/// ```
///
/// # Panics
/// If there are fewer than two axes, or `gain` is negative.
#[track_caller]
pub fn xavier_normal<F: Float>(shape: &[usize], gain: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    checked_size::<F>("xavier_normal", shape);
    normal(shape, 0.0, std(shape, gain), rng)
}

/// Draws from `U(-k, k)` with `k = gain·√(6/(fan_in + fan_out))`, which has the variance of [`xavier_normal`].
///
/// # Panics
/// If there are fewer than two axes, or `gain` is negative.
#[track_caller]
pub fn xavier_uniform<F: Float>(shape: &[usize], gain: f64, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    checked_size::<F>("xavier_uniform", shape);
    let bound = 3.0_f64.sqrt() * std(shape, gain);
    uniform(shape, -bound..=bound, rng)
}

#[track_caller]
fn std(shape: &[usize], gain: f64) -> f64 {
    assert!(gain >= 0.0, "xavier: the gain must be at least 0, got {gain}");
    let (fan_in, fan_out) = fans(shape);
    gain * (2.0 / (fan_in + fan_out).max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, rng};

    #[test]
    fn moments() {
        // fan_in 200, fan_out 600: 2·√(2/800) = 0.1.
        assert_moments(&xavier_normal(&[300, 100, 2], 2.0, &mut rng()), 0.0, 0.1, 3.0);
        let w = xavier_uniform::<f64>(&[300, 100, 2], 2.0, &mut rng());
        assert_moments(&w, 0.0, 0.1, 1.8);
        assert!(w.to_vec().iter().all(|x| x.abs() <= 0.1 * 3.0_f64.sqrt()));
    }

    #[test]
    fn an_empty_weight() {
        assert!(xavier_uniform::<f32>(&[0, 0], 1.0, &mut rng()).is_empty());
    }

    #[test]
    #[should_panic(expected = "fans of [3]")]
    fn a_vector() {
        xavier_normal::<f32>(&[3], 1.0, &mut rng());
    }

    #[test]
    #[should_panic(expected = "xavier: the gain must be at least 0, got -1")]
    fn a_negative_gain() {
        xavier_uniform::<f32>(&[3, 2], -1.0, &mut rng());
    }
}
