//! Gaussian clusters.

use downhill_tensor::Float;
use rand::{Rng, RngExt};

use super::{check, classes, standard_normal};
use crate::TensorDataset;

/// Gaussian clusters, one class each.
///
/// ```text
/// class j:  center_j + std · ε,   ε standard normal in every coordinate
/// ```
///
/// Like scikit-learn's `make_blobs`, with its defaults: three centers drawn uniformly from a square of side 20 around
/// the origin. If `samples` is not a multiple of the number of clusters, the first ones get an extra sample.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::toy::{Blobs, Centers};
/// let centers = Centers::At(vec![vec![0.0, 0.0], vec![5.0, 5.0]]);
/// let blobs = Blobs { samples: 50, centers, std: 0.5, ..Blobs::default() }.generate::<f32>(&mut rng);
/// assert_eq!(blobs.features.shape(), [50, 2]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Blobs {
    /// The number of points in all clusters.
    pub samples: usize,
    /// The centers of the clusters.
    pub centers: Centers,
    /// The standard deviation of every cluster, in every coordinate.
    pub std: f64,
    /// Whether to shuffle the samples; otherwise they are sorted by class.
    pub shuffle: bool,
}

/// The centers of [`Blobs`].
#[derive(Clone, Debug, PartialEq)]
pub enum Centers {
    /// Drawn uniformly.
    Random {
        /// The number of clusters.
        count: usize,
        /// The number of dimensions.
        features: usize,
        /// The half-open range of every coordinate.
        bounds: (f64, f64),
    },
    /// At these points.
    At(Vec<Vec<f64>>),
}

impl Default for Blobs {
    fn default() -> Self {
        let centers = Centers::Random { count: 3, features: 2, bounds: (-10.0, 10.0) };
        Blobs { samples: 100, centers, std: 1.0, shuffle: true }
    }
}

impl Blobs {
    /// Draws the set.
    ///
    /// # Panics
    /// If `samples` is 0, if `std` is negative or not finite, if there are no centers, if they have no or different
    /// numbers of coordinates, or if `bounds` are not finite and ascending.
    #[track_caller]
    pub fn generate<F: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TensorDataset<F> {
        check("Blobs", self.samples, self.std);
        let centers = self.centers.draw(rng);
        let mut points = Vec::with_capacity(self.samples);
        for (class, center) in centers.iter().enumerate() {
            let count = self.samples / centers.len() + usize::from(class < self.samples % centers.len());
            for _ in 0..count {
                points.push((center.iter().map(|x| x + self.std * standard_normal(rng)).collect(), class));
            }
        }
        classes(points, self.shuffle, 0.0, rng)
    }
}

impl Centers {
    #[track_caller]
    fn draw(&self, rng: &mut (impl Rng + ?Sized)) -> Vec<Vec<f64>> {
        let centers = match *self {
            Centers::At(ref centers) => centers.clone(),
            Centers::Random { count, features, bounds: (low, high) } => {
                let finite = low.is_finite() && high.is_finite();
                assert!(finite && low < high, "Blobs: bounds must be finite and ascending, got ({low}, {high})");
                (0..count).map(|_| (0..features).map(|_| rng.random_range(low..high)).collect()).collect()
            }
        };
        let dimensions = centers.first().map_or(0, Vec::len);
        assert!(dimensions > 0, "Blobs: there must be at least one center with at least one coordinate");
        assert!(
            centers.iter().all(|center| center.len() == dimensions),
            "Blobs: all centers must have as many coordinates as the first, {dimensions}",
        );
        centers
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;
    use crate::toy::tests::{assert_generic, mean_and_std, rng};

    #[test]
    fn clouds_have_the_mean_and_the_deviation_asked_for() {
        let centers = vec![vec![-5.0, 0.0, 5.0], vec![1.0, 2.0, 3.0]];
        let options = Blobs { samples: 40_000, centers: Centers::At(centers.clone()), std: 0.5, ..Blobs::default() };
        let blobs = options.generate::<f64>(&mut rng());
        assert!(!blobs.targets.is_sorted());
        for (class, center) in centers.iter().enumerate() {
            let members: Vec<usize> = (0..blobs.len()).filter(|&i| blobs.targets[i] == class).collect();
            assert_eq!(members.len(), 20_000);
            let cloud = blobs.features.view().select(Axis(0), &members);
            for (coordinates, expected) in cloud.axis_iter(Axis(1)).zip(center) {
                let (mean, std) = mean_and_std(&coordinates.to_owned());
                assert!((mean - expected).abs() < 0.02 && (std - 0.5).abs() < 0.02, "{mean} {std}");
            }
        }
    }

    #[test]
    fn odd_samples_go_to_the_first_classes() {
        let blobs = Blobs { samples: 8, shuffle: false, ..Blobs::default() }.generate::<f64>(&mut rng());
        assert_eq!(blobs.targets, [0, 0, 0, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn random_centres_fill_their_box() {
        let centers = Centers::Random { count: 500, features: 2, bounds: (2.0, 6.0) };
        let points = Blobs { samples: 500, centers, std: 0.0, shuffle: true }.generate::<f64>(&mut rng()).features;
        let (mean, std) = mean_and_std(&points.to_array());
        assert!(points.to_vec().iter().all(|x| (2.0..6.0).contains(x)));
        // Uniform on [2, 6): mean 4, standard deviation 4/√12.
        assert!((mean - 4.0).abs() < 0.15 && (std - 4.0 / 12_f64.sqrt()).abs() < 0.1, "{mean} {std}");
    }

    #[test]
    fn generic_and_seeded() {
        assert_generic(|rng| Blobs::default().generate(rng), |rng| Blobs::default().generate(rng));
    }

    #[test]
    #[should_panic(expected = "Blobs: all centers must have as many coordinates as the first, 2")]
    fn ragged_centres() {
        let centers = Centers::At(vec![vec![0.0, 1.0], vec![2.0]]);
        Blobs { centers, ..Blobs::default() }.generate::<f32>(&mut rng());
    }

    #[test]
    #[should_panic(expected = "Blobs: there must be at least one center")]
    fn no_centres() {
        Blobs { centers: Centers::At(vec![]), ..Blobs::default() }.generate::<f32>(&mut rng());
    }

    #[test]
    #[should_panic(expected = "Blobs: bounds must be finite and ascending, got (1, 1)")]
    fn no_room() {
        let centers = Centers::Random { count: 1, features: 1, bounds: (1.0, 1.0) };
        Blobs { centers, ..Blobs::default() }.generate::<f32>(&mut rng());
    }
}
