//! Two concentric circles.

use std::f64::consts::TAU;

use downhill_tensor::Float;
use rand::Rng;

use super::{check, classes};
use crate::TensorDataset;

/// Two concentric circles, which are not linearly separable.
///
/// With `t` evenly spaced in `[0, 2π)`,
///
/// ```text
/// class 0:  (cos t, sin t)
/// class 1:  factor · (cos t, sin t)
/// ```
///
/// plus normal noise in both coordinates. Like scikit-learn's `make_circles`; if `samples` is odd, class 1 has one
/// more.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::Circles;
/// let circles = Circles { samples: 4, factor: 0.5, shuffle: false, ..Circles::default() }.generate::<f64>(&mut rng);
/// assert_eq!(circles.targets, [0, 0, 1, 1]);
/// assert_eq!(circles.features.view()[[2, 0]], 0.5);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Circles {
    /// The number of points on both circles.
    pub samples: usize,
    /// The standard deviation of the noise.
    pub noise: f64,
    /// The radius of the inner circle; that of the outer one is 1.
    pub factor: f64,
    /// Whether to shuffle the samples; otherwise they are sorted by class.
    pub shuffle: bool,
}

impl Default for Circles {
    fn default() -> Self {
        Circles { samples: 100, noise: 0.0, factor: 0.8, shuffle: true }
    }
}

impl Circles {
    /// Draws the set.
    ///
    /// # Panics
    /// If `samples` is 0, `noise` is negative or not finite, or `factor` is not in `[0, 1)`.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Circles", self.samples, self.noise);
        assert!((0.0..1.0).contains(&self.factor), "Circles: factor must be in [0, 1), got {}", self.factor);
        let outer = self.samples / 2;
        let inner = self.samples - outer;
        let circle = |radius: f64, count: usize, class: usize| {
            (0..count).map(move |i| {
                let t = TAU * i as f64 / count as f64;
                (vec![radius * t.cos(), radius * t.sin()], class)
            })
        };
        let points = circle(1.0, outer, 0).chain(circle(self.factor, inner, 1)).collect();
        classes(points, self.shuffle, self.noise, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::tests::{assert_close, assert_generic, rng};

    #[test]
    fn quarters_of_the_circles() {
        let set = Circles { samples: 8, factor: 0.5, noise: 0.0, shuffle: false }.generate::<f64>(&mut rng());
        let outer = [1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0];
        assert_close(&set.features, &[outer, outer.map(|x| x / 2.0)].concat());
        assert_eq!(set.targets, [0, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn the_radius_tells_the_class_after_shuffling() {
        let set = Circles { samples: 33, ..Circles::default() }.generate::<f64>(&mut rng());
        assert!(!set.targets.is_sorted());
        for (point, class) in set.features.view().outer_iter().zip(set.targets) {
            assert!((point[0].hypot(point[1]) - [1.0, 0.8][class]).abs() < 1e-12);
        }
    }

    #[test]
    fn generic_and_seeded() {
        let circles = Circles { noise: 0.05, ..Circles::default() };
        assert_generic(|rng| circles.generate(rng), |rng| circles.generate(rng));
    }

    #[test]
    #[should_panic(expected = "Circles: factor must be in [0, 1), got 1")]
    fn one_circle() {
        Circles { factor: 1.0, ..Circles::default() }.generate::<f32>(&mut rng());
    }
}
