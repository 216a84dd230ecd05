//! Kaiming (or He) initialization, for ReLU networks.

use downhill_tensor::{Float, Tensor, checked_size};
use rand::Rng;

use super::{Fan, Nonlinearity, normal, uniform};

/// Draws from N(0, σ²) with `σ = gain/√fan`: a deep ReLU network then preserves the mean square of its values
/// (`Fan::In`) or gradients (`Fan::Out`) from layer to layer (He et al., arXiv:1502.01852).
///
/// ```
/// use downhill_nn::init::{self, Fan, Nonlinearity};
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::kaiming_normal::<f32>(&[128, 784], Fan::In, Nonlinearity::Relu, &mut rng);
/// assert_eq!(w.shape(), [128, 784]);
/// ```
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn kaiming_normal<F: Float>(
    shape: &[usize],
    fan: Fan,
    nonlinearity: Nonlinearity,
    rng: &mut (impl Rng + ?Sized),
) -> Tensor<F> {
    checked_size::<F>("kaiming_normal", shape);
    normal(shape, 0.0, nonlinearity.gain() / fan.of(shape).sqrt(), rng)
}

/// Draws from `U(-k, k)` with `k = gain·√(3/fan)`, which has the variance of [`kaiming_normal`].
///
/// # Panics
/// If there are fewer than two axes.
#[track_caller]
pub fn kaiming_uniform<F: Float>(
    shape: &[usize],
    fan: Fan,
    nonlinearity: Nonlinearity,
    rng: &mut (impl Rng + ?Sized),
) -> Tensor<F> {
    checked_size::<F>("kaiming_uniform", shape);
    let bound = 3.0_f64.sqrt() * nonlinearity.gain() / fan.of(shape).sqrt();
    uniform(shape, -bound..=bound, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, rng};

    #[test]
    fn moments() {
        let std = (2.0_f64 / 200.0).sqrt();
        assert_moments(&kaiming_normal(&[300, 100, 2], Fan::In, Nonlinearity::Relu, &mut rng()), 0.0, std, 3.0);
        let w = kaiming_uniform::<f64>(&[300, 100, 2], Fan::Out, Nonlinearity::Tanh, &mut rng());
        let std = 5.0 / 3.0 / 600.0_f64.sqrt();
        assert_moments(&w, 0.0, std, 1.8);
        assert!(w.to_vec().iter().all(|x| x.abs() <= std * 3.0_f64.sqrt()));
    }

    #[test]
    fn keeps_the_size_of_values_through_rectifiers() {
        let mut rng = rng();
        let mut x = normal::<f64>(&[400, 500], 0.0, 1.0, &mut rng);
        for _ in 0..10 {
            x = x.matmul(&kaiming_normal(&[500, 500], Fan::In, Nonlinearity::Relu, &mut rng).t()).relu();
        }
        // The expected mean square after a ReLU is 1. Each layer adds a relative error of the order √(5/500); ten
        // layers, 0.3.
        let mean_square = x.square().mean().item();
        assert!((0.4..2.5).contains(&mean_square), "{mean_square}");
    }

    #[test]
    fn an_empty_weight() {
        assert!(kaiming_uniform::<f32>(&[3, 0], Fan::In, Nonlinearity::Relu, &mut rng()).is_empty());
    }

    #[test]
    #[should_panic(expected = "fans of []")]
    fn a_scalar() {
        kaiming_normal::<f32>(&[], Fan::In, Nonlinearity::Relu, &mut rng());
    }
}
