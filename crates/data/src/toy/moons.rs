//! Two moons.

use std::f64::consts::PI;

use downhill_tensor::Float;
use rand::Rng;

use super::{check, classes, linspace};
use crate::TensorDataset;

/// Two interleaving half circles, which are not linearly separable.
///
/// With `t` evenly spaced from 0 to π,
///
/// ```text
/// class 0:  (cos t, sin t)
/// class 1:  (1 - cos t, 1/2 - sin t)
/// ```
///
/// plus normal noise in both coordinates. Like scikit-learn's `make_moons`; if `samples` is odd, class 1 has one more.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Moons;
/// let moons = Moons { samples: 5, shuffle: false, ..Moons::default() }.generate::<f64>(&mut rng);
/// assert_eq!(moons.targets, [0, 0, 1, 1, 1]);
/// assert_eq!(moons.features.to_vec()[4..6], [0.0, 0.5]); // the first point of class 1
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Moons {
    /// The number of points in both moons.
    pub samples: usize,
    /// The standard deviation of the noise.
    pub noise: f64,
    /// Whether to shuffle the samples; otherwise they are sorted by class.
    pub shuffle: bool,
}

impl Default for Moons {
    fn default() -> Self {
        Moons { samples: 100, noise: 0.0, shuffle: true }
    }
}

impl Moons {
    /// Draws the set.
    ///
    /// # Panics
    /// If `samples` is 0, or `noise` is negative or not finite.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Moons", self.samples, self.noise);
        let outer = self.samples / 2;
        let inner = self.samples - outer;
        let points = linspace(0.0, PI, outer)
            .map(|t| (vec![t.cos(), t.sin()], 0))
            .chain(linspace(0.0, PI, inner).map(|t| (vec![1.0 - t.cos(), 0.5 - t.sin()], 1)))
            .collect();
        classes(points, self.shuffle, self.noise, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::tests::{assert_close, assert_generic, mean_and_std, rng};

    #[test]
    fn the_ends_and_the_middle_of_the_arcs() {
        let moons = Moons { samples: 6, noise: 0.0, shuffle: false }.generate::<f64>(&mut rng());
        assert_close(&moons.features, &[1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.5, 1.0, -0.5, 2.0, 0.5]);
        assert_eq!(moons.targets, [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn every_point_lies_on_the_arc_of_its_class_after_shuffling() {
        let moons = Moons { samples: 101, ..Moons::default() }.generate::<f64>(&mut rng());
        assert!(!moons.targets.is_sorted());
        assert_eq!(moons.targets.iter().sum::<usize>(), 51);
        for (point, class) in moons.features.view().outer_iter().zip(moons.targets) {
            let (x, y) = if class == 0 { (point[0], point[1]) } else { (1.0 - point[0], 0.5 - point[1]) };
            assert!((x.hypot(y) - 1.0).abs() < 1e-12 && y > -1e-12, "({x}, {y}) in class {class}");
        }
    }

    #[test]
    fn noise_has_the_standard_deviation_asked_for() {
        let draw = |noise| Moons { samples: 20_000, noise, shuffle: false }.generate::<f64>(&mut rng());
        let noise = draw(0.3).features.to_array() - draw(0.0).features.view();
        let (mean, std) = mean_and_std(&noise);
        assert!(mean.abs() < 0.01 && (std - 0.3).abs() < 0.01, "{mean} {std}");
    }

    #[test]
    fn generic_and_seeded() {
        assert_generic(
            |rng| Moons { noise: 0.2, ..Moons::default() }.generate(rng),
            |rng| Moons { noise: 0.2, ..Moons::default() }.generate(rng),
        );
    }

    #[test]
    #[should_panic(expected = "Moons: the standard deviation must be finite and at least 0, got -1")]
    fn negative_noise() {
        Moons { noise: -1.0, ..Moons::default() }.generate::<f32>(&mut rng());
    }
}
