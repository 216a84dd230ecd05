//! Spiral arms.

use std::f64::consts::TAU;

use downhill_tensor::Float;
use rand::Rng;

use super::{check, classes, linspace, standard_normal};
use crate::TensorDataset;

/// Arms that wind around the origin, one class each: the classic set for a first hidden layer.
///
/// With the radius `r` evenly spaced from 0 to 1 and `ε` standard normal, arm `j` of `K` is
///
/// ```text
/// t = 2π j / K  +  turn · r  +  noise · ε
/// class j:  (r sin t, r cos t)
/// ```
///
/// so the noise is in the angle, in radians. This is the set of Stanford's
/// [CS231n](https://cs231n.github.io/neural-networks-case-study/), with its defaults of 3 arms that turn by 4 radians and
/// a noise of 0.2; there, arm `j` starts at `4 j` radians, here the arms are evenly spaced for any number of them. The
/// first arms have the odd samples.
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
    /// How many points, on all arms together.
    pub samples: usize,
    /// How many arms, which is how many classes.
    pub arms: usize,
    /// The angle by which an arm turns from its start to its end, in radians.
    pub turn: f64,
    /// The standard deviation of the angle, in radians.
    pub noise: f64,
    /// Whether to mix the classes, or to give one after the other.
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
    /// If `samples` is 0, `noise` is negative or not finite, or `arms` is 0.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Spiral", self.samples, self.noise);
        assert!(self.arms > 0, "Spiral: arms = 0 must be at least 1");
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
    #[should_panic(expected = "Spiral: arms = 0 must be at least 1")]
    fn no_arms() {
        Spiral { arms: 0, ..Spiral::default() }.generate::<f32>(&mut rng());
    }
}
