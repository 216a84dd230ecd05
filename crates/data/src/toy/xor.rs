//! Exclusive or.

use downhill_tensor::Float;
use rand::Rng;

use super::{check, classes};
use crate::TensorDataset;

/// The exclusive or of two bits, the smallest set that needs a hidden layer (Minsky and Papert, "Perceptrons", 1969).
///
/// ```text
/// class a ⊕ b:  (a, b),   with (a, b) cycling through (0,0), (0,1), (1,0), (1,1)
/// ```
///
/// plus normal noise in both coordinates. The default is the truth table itself.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Xor;
/// let xor = Xor::default().generate::<f32>(&mut rng);
/// assert_eq!(xor.features.to_vec(), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
/// assert_eq!(xor.targets, [0, 1, 1, 0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Xor {
    /// The number of points, which cycle through the four corners.
    pub samples: usize,
    /// The standard deviation of the noise.
    pub noise: f64,
    /// Whether to shuffle the samples.
    pub shuffle: bool,
}

impl Default for Xor {
    fn default() -> Self {
        Xor { samples: 4, noise: 0.0, shuffle: false }
    }
}

impl Xor {
    /// Draws the set.
    ///
    /// # Panics
    /// If `samples` is 0, or `noise` is negative or not finite.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Xor", self.samples, self.noise);
        let corner = |i: usize| {
            let (a, b) = (i / 2 % 2, i % 2);
            (vec![a as f64, b as f64], a ^ b)
        };
        classes((0..self.samples).map(corner).collect(), self.shuffle, self.noise, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::tests::{assert_generic, rng};

    #[test]
    fn noisy_points_stay_with_the_class_of_their_corner() {
        let xor = Xor { samples: 403, noise: 0.05, shuffle: true }.generate::<f64>(&mut rng());
        for (point, class) in xor.features.view().outer_iter().zip(&xor.targets) {
            let (a, b) = (point[0] > 0.5, point[1] > 0.5);
            assert_eq!(usize::from(a != b), *class);
        }
        // (0,0), (0,1) and (1,0) occur once more than (1,1).
        assert_eq!(xor.targets.iter().sum::<usize>(), 202);
    }

    #[test]
    fn generic_and_seeded() {
        let xor = Xor { samples: 30, noise: 0.3, shuffle: true };
        assert_generic(|rng| xor.generate(rng), |rng| xor.generate(rng));
    }
}
