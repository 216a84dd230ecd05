//! The trait of data sets that mini-batches are drawn from.

use crate::Batches;

/// A data set whose samples are accessed by index: an [`ImageSet`](crate::ImageSet), a
/// [`TensorDataset`](crate::TensorDataset), or your own.
///
/// ```
/// use downhill_data::Dataset;
/// use downhill_tensor::Tensor;
///
/// /// All integers below `self.0`, and whether they are odd.
/// struct Parity(usize);
///
/// impl Dataset for Parity {
///     type Batch = (Tensor<f32>, Vec<usize>);
///     fn len(&self) -> usize {
///         self.0
///     }
///     fn gather(&self, indices: &[usize]) -> Self::Batch {
///         let numbers: Vec<f32> = indices.iter().map(|&i| i as f32).collect();
///         (Tensor::from(numbers), indices.iter().map(|&i| i % 2).collect())
///     }
/// }
///
/// let (numbers, odd) = Parity(5).batches(3).last().unwrap();
/// assert_eq!(numbers.to_vec(), [3.0, 4.0]);
/// assert_eq!(odd, [1, 0]);
/// ```
pub trait Dataset {
    /// The type of a mini-batch, usually a pair of inputs and targets.
    type Batch;

    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples at `indices`, in that order, as one batch.
    fn gather(&self, indices: &[usize]) -> Self::Batch;

    /// A hint that these samples will be gathered soon, so that their memory can be prefetched into the cache. Does
    /// nothing by default.
    fn prefetch(&self, _indices: &[usize]) {}

    /// Mini-batches of `size` samples, in order; see [`Batches`] for shuffled ones.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    fn batches(&self, size: usize) -> Batches<'_, Self>
    where
        Self: Sized,
    {
        Batches::new(self, size)
    }
}
