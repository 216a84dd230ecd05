//! LeCun initialisation: variance `1/fan_in`.

use downhill_tensor::{Float, Tensor};
use rand::Rng;

use super::{Fan, Nonlinearity, kaiming_normal, kaiming_uniform};

/// Normal numbers with standard deviation `1/√fan_in`: what a linear layer needs to keep the size of its values (LeCun et
/// al., "Efficient backprop", 1998), and what [`Selu`](crate::Selu) asks for. (Keras and JAX cut this distribution at two
/// deviations; ours is not cut.)
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

/// Numbers uniform within `±√(3/fan_in)`, which have the variance of [`lecun_normal`].
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
