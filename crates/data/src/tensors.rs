//! Samples in memory as tensors: toy data sets, tables, anything small.

use downhill_tensor::{Float, Tensor};
use ndarray::{Axis, Dimension, IxDyn};
use rand::Rng;

use crate::{Batches, Dataset, Share, split, stratified_split};

/// Features `[samples, ...]` with one target per sample: class labels (`Vec<usize>`, the default) or values (a
/// [`Tensor`] `[samples, ...]`).
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
    /// The inputs, `[samples, ...]`.
    pub features: Tensor<F>,
    /// The targets, one per sample.
    pub targets: T,
}

/// The targets of a [`TensorDataset`]: `Vec<usize>` (class labels) or [`Tensor`].
pub trait Targets: Sized {
    /// The number of samples.
    fn samples(&self) -> usize;

    /// The targets at `indices`, in that order.
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
        *self.shape().first().expect("a scalar has no sample axis; pass targets as [samples, 1]")
    }

    fn gather(&self, indices: &[usize]) -> Self {
        let view = self.view();
        let Some(elements) = view.as_slice() else {
            return Tensor::from(view.select(Axis(0), indices));
        };
        // `select` takes 100 ns per row, this loop 4 ns plus the copy, which matters for batches of small rows.
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
    /// If the numbers of features and targets differ.
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
    /// If `size` is 0, or if the numbers of features and targets differ.
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<'_, Self> {
        self.check();
        Batches::new(self, size)
    }

    /// Copies the samples at `indices`, in that order, to a new set.
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        self.check();
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            panic!("select: index {index} is out of range for {} samples", self.len());
        }
        TensorDataset { features: Targets::gather(&self.features, indices), targets: self.targets.gather(indices) }
    }

    /// Splits the set at random into two new ones; `first` is the size of the first: a fraction (`0.8`) or a number of
    /// samples (`100`).
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
    /// If the fraction is not in `[0, 1]`, or the number exceeds that of the samples.
    #[track_caller]
    pub fn split(&self, first: impl Into<Share>, rng: &mut (impl Rng + ?Sized)) -> (Self, Self) {
        let (first, second) = split::at_random(self.len(), first.into(), rng);
        (self.select(&first), self.select(&second))
    }

    /// Called by every method, because the fields are public and may have been changed.
    #[track_caller]
    fn check(&self) {
        let (features, targets) = (self.features.shape(), self.targets.samples());
        assert!(
            features.first() == Some(&targets),
            "TensorDataset: features of shape {features:?} need one target per sample, but there are {targets} targets",
        );
    }
}

impl<F: Float> TensorDataset<F> {
    /// Like [`split`](Self::split), but every class has the same share in both sets, as nearly as whole samples permit:
    /// see [`stratified_split`](crate::stratified_split).
    ///
    /// ```
    /// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// # let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// use downhill_data::toy::Circles;
    /// let (train, test) = Circles::default().generate::<f32>(&mut rng).stratified_split(0.8, &mut rng);
    /// assert_eq!((train.targets.iter().sum::<usize>(), test.targets.iter().sum::<usize>()), (40, 10));
    /// ```
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`, or the number exceeds that of the samples.
    #[track_caller]
    pub fn stratified_split(&self, first: impl Into<Share>, rng: &mut (impl Rng + ?Sized)) -> (Self, Self) {
        let (first, second) = stratified_split(&self.targets, first, rng);
        (self.select(&first), self.select(&second))
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
