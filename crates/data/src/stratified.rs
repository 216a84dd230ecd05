//! Random splits that keep the share of every class.

use rand::Rng;
use rand::seq::SliceRandom;

use crate::Share;

/// Splits samples at random in two, so that every class has the same share in both, as nearly as whole samples permit.
/// Returns the indices of the samples in each part, in random order; `first` is the size of the first.
///
/// A class has its exact share, rounded up or down; up where the remainder is largest, and at random among equal ones.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// use downhill_data::stratified_split;
/// let labels = [vec![0; 60], vec![1; 30], vec![2; 10]].concat();
/// let (train, test) = stratified_split(&labels, 0.8, &mut rng);
/// let count = |part: &[usize], class| part.iter().filter(|&&i| labels[i] == class).count();
/// assert_eq!([0, 1, 2].map(|class| count(&train, class)), [48, 24, 8]);
/// assert_eq!([0, 1, 2].map(|class| count(&test, class)), [12, 6, 2]);
/// ```
///
/// [`TensorDataset::stratified_split`](crate::TensorDataset::stratified_split) splits a set at once;
/// [`Frame::select`](crate::Frame::select) and [`ImageSet::select`](crate::ImageSet::select) take indices.
///
/// # Panics
/// If the fraction is not in `[0, 1]`, or the number exceeds that of the samples.
#[track_caller]
#[doc(alias = "train_test_split")]
pub fn stratified_split(
    labels: &[usize],
    first: impl Into<Share>,
    rng: &mut (impl Rng + ?Sized),
) -> (Vec<usize>, Vec<usize>) {
    let size = first.into().of(labels.len());
    let mut classes = by_class(labels, rng);
    // A random order among classes with the same remainder, which sorting keeps.
    classes.shuffle(rng);
    // The exact share of a class is a fraction with the denominator `labels.len()`.
    let share = |class: &Vec<usize>| class.len() as u128 * size as u128;
    let all = labels.len().max(1) as u128;
    classes.sort_by_key(|class| std::cmp::Reverse(share(class) % all));
    let rounded_down: usize = classes.iter().map(|class| (share(class) / all) as usize).sum();

    let (mut first, mut second) = (Vec::with_capacity(size), Vec::with_capacity(labels.len() - size));
    for (place, class) in classes.iter().enumerate() {
        let taken = (share(class) / all) as usize + usize::from(place < size - rounded_down);
        first.extend_from_slice(&class[..taken]);
        second.extend_from_slice(&class[taken..]);
    }
    first.shuffle(rng);
    second.shuffle(rng);
    (first, second)
}

/// The samples of every class that occurs, in random order.
pub(crate) fn by_class(labels: &[usize], rng: &mut (impl Rng + ?Sized)) -> Vec<Vec<usize>> {
    let mut samples: Vec<usize> = (0..labels.len()).collect();
    samples.shuffle(rng);
    samples.sort_by_key(|&sample| labels[sample]);
    samples.chunk_by(|&a, &b| labels[a] == labels[b]).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn counts(labels: &[usize], part: &[usize]) -> Vec<usize> {
        let classes = labels.iter().max().map_or(0, |most| most + 1);
        (0..classes).map(|class| part.iter().filter(|&&sample| labels[sample] == class).count()).collect()
    }

    #[test]
    fn every_sample_is_in_one_part_and_every_class_has_its_share() {
        for (sizes, first) in [
            (vec![50, 50, 50], Share::from(0.8)),
            (vec![1, 2, 3, 94], Share::from(0.25)),
            (vec![7], Share::from(3)),
            (vec![3, 0, 5], Share::from(8)),
            (vec![3, 0, 5], Share::from(0)),
            (vec![1; 20], Share::from(0.5)),
            (vec![], Share::from(0.5)),
        ] {
            let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect();
            let (a, b) = stratified_split(&labels, first, &mut rng(1));
            let size = first.of(labels.len());
            assert_eq!((a.len(), b.len()), (size, labels.len() - size), "{sizes:?}");
            for (class, (found, &all)) in counts(&labels, &a).into_iter().zip(&sizes).enumerate() {
                let exact = all as f64 * size as f64 / labels.len() as f64;
                assert!((found as f64 - exact).abs() < 1.0, "{found} of class {class} instead of {exact}");
            }
            let mut both = [a, b].concat();
            both.sort_unstable();
            assert_eq!(both, (0..labels.len()).collect::<Vec<_>>());
        }
    }

    /// 6 of 10, of classes of 5, 3 and 2: exactly 3, 1.8 and 1.2, so the second is rounded up.
    #[test]
    fn the_largest_remainder_is_rounded_up() {
        let labels = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
        for seed in 0..20 {
            assert_eq!(counts(&labels, &stratified_split(&labels, 6, &mut rng(seed)).0), [3, 2, 1]);
        }
    }

    /// Among equal remainders, and of the samples in a class, each is as likely.
    #[test]
    fn at_random() {
        let mut taken = [0; 4];
        for seed in 0..2000 {
            for sample in stratified_split(&[5, 5, 9, 9], 1, &mut rng(seed)).0 {
                taken[sample] += 1;
            }
        }
        assert!(taken.iter().all(|count| (430..570).contains(count)), "{taken:?}");
        let labels: Vec<usize> = (0..100).map(|i| i % 3).collect();
        let split = |seed| stratified_split(&labels, 0.5, &mut rng(seed));
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        // The classes are mixed: one follows on another at two thirds of 49 places, and not at two.
        for part in [split(1).0, split(1).1] {
            let changes = part.windows(2).filter(|pair| labels[pair[0]] != labels[pair[1]]).count();
            assert!(changes > 20, "{changes}");
        }
    }

    #[test]
    #[should_panic(expected = "split: cannot take 4 samples out of 3")]
    fn more_than_there_are() {
        stratified_split(&[0, 1, 1], 4, &mut rng(0));
    }
}
