//! Samples held in memory as tensors: toy sets, tables, anything small.

use downhill_tensor::{Float, Tensor};
use ndarray::{Axis, Dimension, IxDyn};
use rand::Rng;

use crate::{Batches, Dataset, Share, split};

/// Features `[samples, ...]` and a target for each: class labels (`Vec<usize>`, the default) or numbers (a [`Tensor`]
/// `[samples, ...]`).
///
/// ```
/// use downhill_data::TensorDataset;
/// use downhill_tensor::Tensor;
/// let set = TensorDataset::new(Tensor::from([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]), vec![0, 1, 1]);
/// let batches: Vec<(Tensor, Vec<usize>)> = set.batches(2).collect();
/// assert_eq!(batches[0], (Tensor::from([[0.0, 0.5], [1.0, 1.5]]), vec![0, 1]));
/// assert_eq!(batches[1], (Tensor::from([[2.0, 2.5]]), vec![1]));
/// ```
#[derive(Clone, Debug)]
pub struct TensorDataset<F: Float = f32, T = Vec<usize>> {
    /// The inputs; the first axis counts the samples.
    pub features: Tensor<F>,
    /// What a model should make of them, one for each sample.
    pub targets: T,
}

/// What can stand beside the features of a [`TensorDataset`]: `Vec<usize>` (class labels) and [`Tensor`].
pub trait Targets: Sized {
    /// The number of samples.
    fn samples(&self) -> usize;

    /// Those at `indices`, in that order.
    fn gather(&self, indices: &[usize]) -> Self;
}

impl Targets for Vec<usize> {
    fn samples(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize]) -> Self {
        indices.iter().map(|&index| self[index]).collect()
    }
}

impl<F: Float> Targets for Tensor<F> {
    fn samples(&self) -> usize {
        *self.shape().first().expect("a scalar has no axis that counts samples; give targets as [samples, 1]")
    }

    fn gather(&self, indices: &[usize]) -> Self {
        let view = self.view();
        let Some(elements) = view.as_slice() else {
            return Tensor::from(view.select(Axis(0), indices));
        };
        // `select` takes 100 ns a row, this loop 4 ns and the copy: it decides the cost of a batch of a toy set.
        let width: usize = self.shape()[1..].iter().product();
        let mut shape = IxDyn(self.shape());
        shape[0] = indices.len();
        Tensor::appended(shape.slice(), |rows| {
            for &index in indices {
                rows.extend_from_slice(&elements[index * width..(index + 1) * width]);
            }
        })
    }
}

impl<F: Float, T: Targets> TensorDataset<F, T> {
    /// Pairs features with targets. Both may be `ndarray` arrays, which are not copied.
    ///
    /// # Panics
    /// If there are not as many targets as features.
    #[track_caller]
    pub fn new(features: impl Into<Tensor<F>>, targets: impl Into<T>) -> Self {
        let set = TensorDataset { features: features.into(), targets: targets.into() };
        set.check();
        set
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.features.samples()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Mini-batches of `size` samples, in order; see [`Batches`] for shuffled ones.
    ///
    /// # Panics
    /// If `size` is 0, or if there are not as many targets as features.
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<'_, Self> {
        self.check();
        Batches::new(self, size)
    }

    /// A set of its own with the samples at `indices`, in that order.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        self.check();
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            panic!("select: there is no sample {index} in a set of {}", self.len());
        }
        TensorDataset { features: Targets::gather(&self.features, indices), targets: self.targets.gather(indices) }
    }

    /// Splits at random into two sets of their own, the first as large as `first` says: a fraction (`0.8`) or a number
    /// of samples (`100`).
    ///
    /// ```
    /// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// # let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// use downhill_data::toy::Circles;
    /// let (train, test) = Circles::default().generate::<f32>(&mut rng).split(0.8, &mut rng);
    /// assert_eq!((train.len(), test.len()), (80, 20));
    /// ```
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`, or the number is more than there are.
    #[track_caller]
    pub fn split(&self, first: impl Into<Share>, rng: &mut (impl Rng + ?Sized)) -> (Self, Self) {
        let (first, second) = split::at_random(self.len(), first.into(), rng);
        (self.select(&first), self.select(&second))
    }

    /// The fields are public, so the lengths are looked at wherever work begins.
    #[track_caller]
    fn check(&self) {
        let (features, targets) = (self.features.shape(), self.targets.samples());
        assert!(
            features.first() == Some(&targets),
            "TensorDataset: features of shape {features:?} need one target a sample, and there are {targets} targets",
        );
    }
}

impl<F: Float, T: Targets> Dataset for TensorDataset<F, T> {
    type Batch = (Tensor<F>, T);

    fn len(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize]) -> Self::Batch {
        (Targets::gather(&self.features, indices), self.targets.gather(indices))
    }
}
