//! Mini-batches: iterating over a data set, a few samples at a time.

use std::iter::FusedIterator;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::Dataset;

/// One epoch over a [`Dataset`], in mini-batches of a fixed size; the last one is smaller if the size does not divide
/// the number of samples.
///
/// Batches are gathered lazily; the set is never copied as a whole. Skipped batches (`skip`, `nth`) are not gathered,
/// so an interrupted epoch is resumed with the same generator state and `.skip(done)`.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// # let set = downhill_data::ImageSet::new((0..20).collect(), (1, 2), (0..10).collect());
/// assert_eq!(set.len(), 10);
/// assert_eq!(set.batches(4).map(|(_, labels)| labels.len()).collect::<Vec<_>>(), [4, 4, 2]);
/// assert_eq!(set.batches(4).drop_last().len(), 2);
/// for (images, labels) in set.batches(4).shuffled(&mut rng) {
///     // one training step
/// #   assert_eq!(images.shape(), [labels.len(), 2]);
/// }
/// ```
#[derive(Debug)]
pub struct Batches<'a, D> {
    dataset: &'a D,
    /// The remaining samples are `order[next..]`.
    order: Vec<usize>,
    next: usize,
    size: usize,
}

impl<'a, D: Dataset> Batches<'a, D> {
    /// Mini-batches of `size` samples, in the order of the set.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn new(dataset: &'a D, size: usize) -> Self {
        assert!(size > 0, "batches: the batch size must be at least 1, got 0");
        Batches { dataset, order: (0..dataset.len()).collect(), next: 0, size }
    }

    /// The samples in a given order, which may omit some and repeat others: a custom sampler.
    ///
    /// ```
    /// # use downhill_data::{Dataset, ImageSet};
    /// # let set = ImageSet::new((0..20).collect(), (1, 2), (0..10).collect());
    /// let order = vec![9, 0, 0, 3];
    /// let labels: Vec<Vec<usize>> = set.batches(3).ordered(order).map(|(_, labels)| labels).collect();
    /// assert_eq!(labels, [vec![9, 0, 0], vec![3]]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    #[track_caller]
    pub fn ordered(self, order: Vec<usize>) -> Self {
        let len = self.dataset.len();
        if let Some(index) = order.iter().find(|&&index| index >= len) {
            panic!("ordered: index {index} is out of range for {len} samples");
        }
        Batches { order, next: 0, ..self }
    }

    /// The same samples in random order (Fisher-Yates). The generator is borrowed only for this call, so it can be used
    /// for dropout and the like in the loop. The same generator state gives the same order.
    #[must_use]
    pub fn shuffled(mut self, rng: &mut (impl Rng + ?Sized)) -> Self {
        // An unsized `Rng` does not coerce to `dyn Rng`, but a reference to it does.
        let mut rng = rng;
        shuffle(&mut self.order[self.next..], &mut rng);
        self
    }

    /// Drops the last batch if it is smaller than the others. Call it after `shuffled` to drop different samples in
    /// every epoch; before, it always drops the end of the set.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        let remaining = self.order.len() - self.next;
        self.order.truncate(self.order.len() - remaining % self.size);
        self
    }
}

impl<D: Dataset> Iterator for Batches<'_, D> {
    type Item = D::Batch;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.order[self.next..];
        let batch = &rest[..self.size.min(rest.len())];
        self.next += batch.len();
        if batch.is_empty() {
            return None;
        }
        let gathered = self.dataset.gather(batch);
        // The samples of a shuffled batch are scattered in memory; prefetching overlaps with the training step.
        let rest = &self.order[self.next..];
        self.dataset.prefetch(&rest[..self.size.min(rest.len())]);
        Some(gathered)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let batches = (self.order.len() - self.next).div_ceil(self.size);
        (batches, Some(batches))
    }

    fn nth(&mut self, skip: usize) -> Option<Self::Item> {
        self.next = self.size.saturating_mul(skip).saturating_add(self.next).min(self.order.len());
        self.next()
    }
}

impl<D: Dataset> ExactSizeIterator for Batches<'_, D> {}
impl<D: Dataset> FusedIterator for Batches<'_, D> {}

/// Not generic over the generator, so that it is compiled here, at this crate's optimization level.
#[inline(never)]
fn shuffle(order: &mut [usize], rng: &mut dyn Rng) {
    order.shuffle(rng);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// A data set whose batches are the indices; counts the calls of `gather`.
    struct Indices(usize, Cell<usize>);

    impl Dataset for Indices {
        type Batch = Vec<usize>;
        fn len(&self) -> usize {
            self.0
        }
        fn gather(&self, indices: &[usize]) -> Vec<usize> {
            self.1.set(self.1.get() + 1);
            indices.to_vec()
        }
    }

    fn indices(len: usize) -> Indices {
        Indices(len, Cell::new(0))
    }

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn in_order_with_a_smaller_last() {
        let set = indices(7);
        assert_eq!(set.batches(3).collect::<Vec<_>>(), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
        assert_eq!(set.batches(3).drop_last().collect::<Vec<_>>(), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(set.batches(100).collect::<Vec<_>>(), [[0, 1, 2, 3, 4, 5, 6]]);
        assert_eq!(set.batches(100).drop_last().count(), 0);
        assert_eq!(set.batches(usize::MAX).nth(1), None);
        assert_eq!(indices(0).batches(3).count(), 0);
        assert_eq!(indices(6).batches(3).drop_last().count(), 2);
    }

    #[test]
    fn the_length_is_known_at_every_point() {
        for (len, size) in [(0, 1), (1, 1), (7, 3), (9, 3), (10, 20)] {
            let set = indices(len);
            for mut batches in [set.batches(size), set.batches(size).drop_last()] {
                let mut left = batches.len();
                while batches.next().is_some() {
                    left -= 1;
                    assert_eq!(batches.len(), left);
                }
                assert_eq!(left, 0);
                assert!(batches.next().is_none());
            }
        }
    }

    #[test]
    fn a_shuffled_epoch_visits_every_sample_once() {
        let set = indices(1000);
        let mut all: Vec<usize> = set.batches(64).shuffled(&mut rng(1)).flatten().collect();
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn same_seed_same_batches_and_a_new_order_every_epoch() {
        let set = indices(100);
        let epoch = |rng: &mut ChaCha8Rng| set.batches(8).shuffled(rng).collect::<Vec<_>>();
        let (mut a, mut b) = (rng(5), rng(5));
        let (first, second) = (epoch(&mut a), epoch(&mut a));
        assert_eq!((&first, &second), (&epoch(&mut b), &epoch(&mut b)));
        assert_ne!(first, second);
        assert_ne!(first, epoch(&mut rng(6)));
    }

    /// Fisher-Yates makes all 3! orders equally likely: 6 cells of 1000, chi-squared with 5 degrees of freedom, whose
    /// 99.9 % quantile is 20.5.
    #[test]
    fn all_orders_are_equally_likely() {
        let (set, mut rng) = (indices(3), rng(2));
        let mut counts = std::collections::HashMap::new();
        for _ in 0..6000 {
            *counts.entry(set.batches(3).shuffled(&mut rng).next()).or_insert(0.0) += 1.0;
        }
        let chi_squared: f64 = counts.values().map(|count: &f64| (count - 1000.0).powi(2) / 1000.0).sum();
        assert_eq!(counts.len(), 6);
        assert!(chi_squared < 20.5, "{counts:?}");
    }

    #[test]
    fn skipping_gathers_nothing_and_resumes_where_it_would_have_been() {
        let set = indices(20);
        let whole: Vec<_> = set.batches(3).shuffled(&mut rng(4)).collect();
        set.1.set(0);
        let rest: Vec<_> = set.batches(3).shuffled(&mut rng(4)).skip(5).collect();
        assert_eq!(rest, whole[5..]);
        assert_eq!(set.1.get(), 2);
    }

    #[test]
    fn shuffling_and_dropping_in_either_order() {
        let set = indices(10);
        let late: Vec<usize> = set.batches(4).drop_last().shuffled(&mut rng(1)).flatten().collect();
        assert!(late.len() == 8 && late.iter().all(|&i| i < 8));
        let early: Vec<usize> = set.batches(4).shuffled(&mut rng(1)).drop_last().flatten().collect();
        assert!(early.len() == 8 && early.iter().any(|&i| i >= 8));
    }

    /// Samples already drawn neither come again nor count.
    #[test]
    fn in_the_middle_of_an_epoch() {
        let set = indices(10);
        let mut batches = set.batches(3);
        assert_eq!(batches.next(), Some(vec![0, 1, 2]));
        let mut rest: Vec<usize> = batches.shuffled(&mut rng(1)).flatten().collect();
        rest.sort_unstable();
        assert_eq!(rest, [3, 4, 5, 6, 7, 8, 9]);
        let mut batches = set.batches(4);
        while batches.next().is_some() {}
        assert_eq!(batches.drop_last().next(), None);
    }

    #[test]
    #[should_panic(expected = "ordered: index 7 is out of range for 7 samples")]
    fn an_order_with_a_sample_that_is_not_there() {
        let _batches = indices(7).batches(3).ordered(vec![6, 7]);
    }

    #[test]
    #[should_panic(expected = "batches: the batch size must be at least 1, got 0")]
    fn size_zero() {
        indices(3).batches(0);
    }
}
