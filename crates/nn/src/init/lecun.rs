//! LeCun initialization: variance `1/fan_in`.

use downhill_tensor::{Float, Tensor};
use rand::Rng;

use super::{Fan, Nonlinearity, kaiming_normal, kaiming_uniform};

/// Draws from N(0, σ²) with `σ = 1/√fan_in`, which preserves the variance through a linear layer (LeCun et al.,
/// "Efficient backprop", 1998). Use it with [`Selu`](crate::Selu). (Keras and JAX truncate this distribution at two
/// standard deviations; downhill does not.)
///
/// ```
/// use downhill_nn::init;
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// assert_eq!(init::lecun_normal::<f32>(&[128, 784], &mut rng).shape(), [128, 784]);
/// ```
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn lecun_normal<F: Float>(shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    kaiming_normal(shape, Fan::In, Nonlinearity::Linear, rng)
}

/// Draws from `U(-k, k)` with `k = √(3/fan_in)`, which has the variance of [`lecun_normal`].
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn lecun_uniform<F: Float>(shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    kaiming_uniform(shape, Fan::In, Nonlinearity::Linear, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, rng};

    #[test]
    fn moments() {
        assert_moments(&lecun_normal(&[600, 100], &mut rng()), 0.0, 0.1, 3.0);
        assert_moments(&lecun_uniform(&[600, 100], &mut rng()), 0.0, 0.1, 1.8);
    }
}
