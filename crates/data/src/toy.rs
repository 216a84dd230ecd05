//! Small synthetic data sets for first experiments, tests and plots.
//!
//! Each is a struct of options with a method `generate`: the same options and generator state give the same set.
//! Everything is computed in `f64`, so a set in `f32` is that in `f64`, rounded.
//!
//! | set | features | targets |
//! |---|---|---|
//! | [`Moons`] | `[samples, 2]`: two interleaving half circles | 2 classes |
//! | [`Circles`] | `[samples, 2]`: two concentric circles | 2 classes |
//! | [`Spiral`] | `[samples, 2]`: spiral arms around the origin | `arms` classes |
//! | [`Blobs`] | `[samples, features]`: Gaussian clusters | a class per cluster |
//! | [`Xor`] | `[samples, 2]`: the corners of the unit square | 2 classes |
//! | [`Linear`] | `[samples, weights]`: standard normal | `[samples, 1]`: a linear function |
//! | [`Sine`] | `[samples, 1]`: evenly spaced | `[samples, 1]`: a sine wave |
//!
//! ```
//! # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha8Rng::seed_from_u64(0);
//! use downhill_data::{TensorDataset, toy::Moons};
//! let moons: TensorDataset = Moons { samples: 200, noise: 0.1, ..Moons::default() }.generate(&mut rng);
//! assert_eq!(moons.features.shape(), [200, 2]);
//! let (train, test) = moons.split(0.8, &mut rng);
//! for (points, classes) in train.batches(16).shuffled(&mut rng) {
//!     // one training step
//! #   assert_eq!(points.shape(), [16, 2]);
//! }
//! # assert_eq!(test.len(), 40);
//! ```

mod blobs;
mod circles;
mod linear;
mod moons;
mod sine;
mod spiral;
mod xor;

pub use blobs::{Blobs, Centers};
pub use circles::Circles;
pub use linear::Linear;
pub use moons::Moons;
pub use sine::Sine;
pub use spiral::Spiral;
pub use xor::Xor;

use downhill_tensor::{Float, Tensor};
use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::TensorDataset;

/// `count` evenly spaced values from `start` to `end`, inclusive: NumPy's `linspace`.
fn linspace(start: f64, end: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (end - start) / (count as f64 - 1.0);
    // The first is exactly `start`, even if it is the only one, and the last exactly `end`, without rounding error.
    (0..count)
        .map(move |i| if i > 0 && i + 1 == count { end } else { start + i as f64 * if i > 0 { step } else { 0.0 } })
}

fn standard_normal(rng: &mut (impl Rng + ?Sized)) -> f64 {
    rng.sample(StandardNormal)
}

/// A data set of points and classes: shuffled first, then noise is added, like scikit-learn.
fn classes<F: Float>(
    mut samples: Vec<(Vec<f64>, usize)>,
    shuffle: bool,
    noise: f64,
    rng: &mut (impl Rng + ?Sized),
) -> TensorDataset<F> {
    if shuffle {
        samples.shuffle(rng);
    }
    if noise > 0.0 {
        for x in samples.iter_mut().flat_map(|(point, _)| point) {
            *x += noise * standard_normal(rng);
        }
    }
    let (points, targets): (Vec<Vec<f64>>, Vec<usize>) = samples.into_iter().unzip();
    TensorDataset { features: matrix(points), targets }
}

/// A tensor `[rows, columns]` of one or more rows of equal length.
fn matrix<F: Float>(rows: Vec<Vec<f64>>) -> Tensor<F> {
    let shape = (rows.len(), rows[0].len());
    let elements = rows.into_iter().flatten().map(F::from_f64).collect();
    Tensor::from(Array2::from_shape_vec(shape, elements).expect("rows of equal length"))
}

#[track_caller]
fn check(set: &str, samples: usize, noise: f64) {
    assert!(samples > 0, "{set}: samples must be at least 1, got 0");
    let room = Vec::<(Vec<f64>, usize)>::new().try_reserve_exact(samples);
    assert!(room.is_ok(), "{set}: cannot allocate memory for {samples} samples");
    assert!(
        noise >= 0.0 && noise.is_finite(),
        "{set}: the standard deviation must be finite and at least 0, got {noise}"
    );
}

#[cfg(test)]
pub(crate) mod tests {
    use ndarray::ArrayD;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    pub(crate) fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(11)
    }

    pub(crate) fn assert_close(found: &Tensor<f64>, expected: &[f64]) {
        let found = found.to_vec();
        let close = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{found:?} is not {expected:?}");
    }

    pub(crate) fn mean_and_std(x: &ArrayD<f64>) -> (f64, f64) {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        (mean, variance.sqrt())
    }

    /// Targets of either type, as `f64`.
    pub(crate) trait Numbers {
        fn numbers(&self) -> Vec<f64>;
    }

    impl Numbers for Vec<usize> {
        fn numbers(&self) -> Vec<f64> {
            self.iter().map(|&class| class as f64).collect()
        }
    }

    impl<F: Float> Numbers for Tensor<F> {
        fn numbers(&self) -> Vec<f64> {
            self.to_vec().into_iter().map(F::as_f64).collect()
        }
    }

    /// Asserts that the same seed gives the same set, a different seed a different one, and that `f32` is the rounded
    /// `f64`.
    pub(crate) fn assert_generic<T: Numbers, U: Numbers>(
        single: impl Fn(&mut ChaCha8Rng) -> TensorDataset<f32, T>,
        double: impl Fn(&mut ChaCha8Rng) -> TensorDataset<f64, U>,
    ) {
        let draw = |rng: &mut ChaCha8Rng| {
            let set = double(rng);
            (set.features.to_vec(), set.targets.numbers())
        };
        let round = |x: Vec<f64>| x.into_iter().map(|x| f64::from(x as f32)).collect::<Vec<_>>();
        let (features, targets) = draw(&mut rng());
        assert_eq!((features.clone(), targets.clone()), draw(&mut rng()));
        assert_ne!((features.clone(), targets.clone()), draw(&mut ChaCha8Rng::seed_from_u64(12)));
        let single = single(&mut rng());
        assert_eq!((single.features.numbers(), single.targets.numbers()), (round(features), round(targets)));
    }

    #[test]
    fn linspace_is_numpys() {
        assert_eq!(linspace(0.0, 1.0, 5).collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(linspace(2.0, 3.0, 1).collect::<Vec<_>>(), [2.0]);
        assert_eq!(linspace(2.0, 3.0, 0).count(), 0);
        // The sum of 49 steps of 1/49 would be 0.9999999999999999.
        assert_eq!(linspace(0.0, 1.0, 50).last(), Some(1.0));
    }

    #[test]
    #[should_panic(expected = "Moons: samples must be at least 1, got 0")]
    fn no_samples() {
        Moons { samples: 0, ..Moons::default() }.generate::<f32>(&mut rng());
    }
}
