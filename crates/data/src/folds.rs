//! Cross-validation: every sample is in the validation set once.

use rand::Rng;
use rand::seq::SliceRandom;

use crate::stratified::by_class;

/// One of several ways to split samples, by their indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The samples to train on, in ascending order.
    pub train: Vec<usize>,
    /// The other samples, in ascending order.
    pub validation: Vec<usize>,
}

/// Splits `samples` at random into `k` parts of the same size (the first ones have one sample more, if need be), each of
/// which is the validation set of one [`Fold`].
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::{k_fold, toy::Blobs};
/// let set = Blobs { samples: 20, ..Blobs::default() }.generate::<f32>(&mut rng);
/// for fold in k_fold(set.len(), 5, &mut rng) {
///     let (train, validation) = (set.select(&fold.train), set.select(&fold.validation));
///     assert_eq!((train.len(), validation.len()), (16, 4));
/// }
/// ```
///
/// # Panics
/// If `k` is below 2 or above the number of samples.
#[track_caller]
#[doc(alias = "KFold")]
pub fn k_fold(samples: usize, k: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<Fold> {
    check("k_fold", samples, k);
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(rng);
    deal(&order, k)
}

/// Like [`k_fold`], but every class has the same share in all folds, as nearly as whole samples permit: sorted by class,
/// the samples are dealt to the folds like cards. A class with fewer samples than folds is missing from some.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::stratified_k_fold;
/// let labels = [vec![0; 40], vec![1; 10]].concat();
/// for fold in stratified_k_fold(&labels, 5, &mut rng) {
///     assert_eq!(fold.validation.iter().filter(|&&sample| labels[sample] == 1).count(), 2);
/// }
/// ```
///
/// # Panics
/// If `k` is below 2 or above the number of samples.
#[track_caller]
#[doc(alias = "StratifiedKFold")]
pub fn stratified_k_fold(labels: &[usize], k: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<Fold> {
    check("stratified_k_fold", labels.len(), k);
    deal(&by_class(labels, rng).concat(), k)
}

#[track_caller]
fn check(op: &str, samples: usize, k: usize) {
    assert!(k >= 2, "{op}: there must be at least 2 folds, got {k}");
    assert!(k <= samples, "{op}: {samples} samples are too few for {k} folds");
}

/// The sample at position `i` is in the validation set of fold `i % k`.
fn deal(order: &[usize], k: usize) -> Vec<Fold> {
    let fold = |number: usize| {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for (i, &sample) in order.iter().enumerate() {
            if i % k == number { &mut validation } else { &mut train }.push(sample);
        }
        train.sort_unstable();
        validation.sort_unstable();
        Fold { train, validation }
    };
    (0..k).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[track_caller]
    fn assert_partition(folds: &[Fold], samples: usize) {
        let all: Vec<usize> = (0..samples).collect();
        for Fold { train, validation } in folds {
            assert!(train.is_sorted() && validation.is_sorted());
            let mut both = [&train[..], validation].concat();
            both.sort_unstable();
            assert_eq!(both, all);
        }
        let mut validated: Vec<usize> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
        assert!(samples < 10 || !validated.is_sorted(), "not at random");
        validated.sort_unstable();
        assert_eq!(validated, all);
    }

    #[test]
    fn every_sample_is_validated_once() {
        for (samples, k, sizes) in [(10, 5, vec![2; 5]), (11, 3, vec![4, 4, 3]), (2, 2, vec![1, 1]), (7, 7, vec![1; 7])]
        {
            let folds = k_fold(samples, k, &mut rng(1));
            assert_eq!(folds.iter().map(|fold| fold.validation.len()).collect::<Vec<_>>(), sizes);
            assert_partition(&folds, samples);
        }
    }

    /// Classes of 8, 5 and 1, dealt to 3 folds: 3, 3 and 2 of the first; of the second from the third fold on, 2, 1 and 2;
    /// and the last to the second fold.
    #[test]
    fn every_class_is_dealt_evenly() {
        let labels = [4, 7, 4, 4, 7, 4, 4, 9, 7, 4, 4, 7, 4, 7];
        let folds = stratified_k_fold(&labels, 3, &mut rng(2));
        let count = |fold: &Fold, class| fold.validation.iter().filter(|&&i| labels[i] == class).count();
        let counts: Vec<_> = folds.iter().map(|fold| [4, 7, 9].map(|class| count(fold, class))).collect();
        assert_eq!(counts, [[3, 2, 0], [3, 1, 1], [2, 2, 0]]);
        assert_partition(&folds, labels.len());
    }

    #[test]
    fn same_seed_same_folds() {
        let labels: Vec<usize> = (0..40).map(|i| i % 4).collect();
        assert_eq!(k_fold(40, 4, &mut rng(1)), k_fold(40, 4, &mut rng(1)));
        assert_ne!(k_fold(40, 4, &mut rng(1)), k_fold(40, 4, &mut rng(2)));
        assert_eq!(stratified_k_fold(&labels, 4, &mut rng(1)), stratified_k_fold(&labels, 4, &mut rng(1)));
        assert_ne!(stratified_k_fold(&labels, 4, &mut rng(1)), stratified_k_fold(&labels, 4, &mut rng(2)));
    }

    #[test]
    #[should_panic(expected = "k_fold: there must be at least 2 folds, got 1")]
    fn one_fold() {
        k_fold(10, 1, &mut rng(0));
    }

    #[test]
    #[should_panic(expected = "stratified_k_fold: 2 samples are too few for 3 folds")]
    fn more_folds_than_samples() {
        stratified_k_fold(&[0, 1], 3, &mut rng(0));
    }
}
