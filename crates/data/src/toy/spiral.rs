//! Spiral arms.

use std::f64::consts::TAU;

use downhill_tensor::Float;
use rand::Rng;

use super::{check, classes, linspace, standard_normal};
use crate::TensorDataset;

/// Spiral arms around the origin, one class each: a classic example that needs a hidden layer.
///
/// With the radius `r` evenly spaced from 0 to 1 and `ε` standard normal, arm `j` of `K` is
///
/// ```text
/// t = 2π j / K  +  turn · r  +  noise · ε
/// class j:  (r sin t, r cos t)
/// ```
///
/// so the noise is in the angle, in radians. This is the data set of Stanford's
/// [CS231n](https://cs231n.github.io/neural-networks-case-study/), with its defaults of 3 arms that turn by 4 radians
/// and a noise of 0.2; but arm `j` starts at `4 j` radians there, while here the arms are evenly spaced for any `K`. If
/// `samples` is not a multiple of `K`, the first arms get an extra sample.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Spiral;
/// let spiral = Spiral { samples: 7, shuffle: false, ..Spiral::default() }.generate::<f32>(&mut rng);
/// assert_eq!(spiral.targets, [0, 0, 0, 1, 1, 2, 2]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Spiral {
    /// The number of points on all arms.
    pub samples: usize,
    /// The number of arms, and of classes.
    pub arms: usize,
    /// The angle by which an arm turns from its start to its end, in radians.
    pub turn: f64,
    /// The standard deviation of the angle, in radians.
    pub noise: f64,
    /// Whether to shuffle the samples; otherwise they are sorted by class.
    pub shuffle: bool,
}

impl Default for Spiral {
    fn default() -> Self {
        Spiral { samples: 300, arms: 3, turn: 4.0, noise: 0.2, shuffle: true }
    }
}

impl Spiral {
    /// Draws the set.
    ///
    /// # Panics
    /// If `samples` or `arms` is 0, or `noise` is negative or not finite.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Spiral", self.samples, self.noise);
        assert!(self.arms > 0, "Spiral: arms must be at least 1, got 0");
        let mut points = Vec::with_capacity(self.samples);
        for arm in 0..self.arms {
            let start = TAU * arm as f64 / self.arms as f64;
            let count = self.samples / self.arms + usize::from(arm < self.samples % self.arms);
            for r in linspace(0.0, 1.0, count) {
                let t = start + self.turn * r + self.noise * standard_normal(rng);
                points.push((vec![r * t.sin(), r * t.cos()], arm));
            }
        }
        classes(points, self.shuffle, 0.0, rng)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::toy::tests::{assert_close, assert_generic, mean_and_std, rng};

    #[test]
    fn two_arms_of_half_a_turn() {
        let spiral = Spiral { samples: 6, arms: 2, turn: PI, noise: 0.0, shuffle: false };
        let spiral = spiral.generate::<f64>(&mut rng());
        assert_close(&spiral.features, &[0.0, 0.0, 0.5, 0.0, 0.0, -1.0, 0.0, 0.0, -0.5, 0.0, 0.0, 1.0]);
        assert_eq!(spiral.targets, [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn the_noise_is_in_the_angle_alone() {
        let spiral = Spiral { samples: 20_001, arms: 1, turn: 0.0, noise: 0.2, shuffle: false };
        let points = spiral.generate::<f64>(&mut rng()).features.to_array();
        let radii = points.outer_iter().map(|p| p[0].hypot(p[1]));
        assert!(radii.zip(linspace(0.0, 1.0, 20_001)).all(|(found, expected)| (found - expected).abs() < 1e-12));
        let angles = points.outer_iter().skip(1).map(|p| p[0].atan2(p[1]));
        let (mean, std) = mean_and_std(&ndarray::Array1::from_iter(angles).into_dyn());
        assert!(mean.abs() < 0.01 && (std - 0.2).abs() < 0.01, "{mean} {std}");
    }

    #[test]
    fn generic_and_seeded() {
        assert_generic(|rng| Spiral::default().generate(rng), |rng| Spiral::default().generate(rng));
    }

    #[test]
    #[should_panic(expected = "Spiral: arms must be at least 1, got 0")]
    fn no_arms() {
        Spiral { arms: 0, ..Spiral::default() }.generate::<f32>(&mut rng());
    }
}
