//! Random splits, such as into training and validation sets.

use rand::Rng;
use rand::seq::SliceRandom;

/// The size of the first part of a split.
///
/// ```
/// use downhill_data::Share;
/// assert_eq!(Share::from(0.9), Share::Fraction(0.9));
/// assert_eq!(Share::from(50_000), Share::Count(50_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// This fraction of the samples, rounded to the nearest number.
    Fraction(f64),
    /// This many samples.
    Count(usize),
}

impl From<f64> for Share {
    fn from(fraction: f64) -> Self {
        Share::Fraction(fraction)
    }
}

impl From<usize> for Share {
    fn from(count: usize) -> Self {
        Share::Count(count)
    }
}

impl Share {
    #[track_caller]
    pub(crate) fn of(self, len: usize) -> usize {
        match self {
            Share::Count(count) => {
                assert!(count <= len, "split: cannot take {count} samples out of {len}");
                count
            }
            Share::Fraction(fraction) => {
                assert!((0.0..=1.0).contains(&fraction), "split: the fraction must be in [0, 1], got {fraction}");
                (fraction * len as f64).round() as usize
            }
        }
    }
}

/// All indices below `len` in random order, split in two.
#[track_caller]
pub(crate) fn at_random(len: usize, first: Share, rng: &mut (impl Rng + ?Sized)) -> (Vec<usize>, Vec<usize>) {
    let size = first.of(len);
    let mut first: Vec<usize> = (0..len).collect();
    first.shuffle(rng);
    let second = first.split_off(size);
    (first, second)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn split(len: usize, first: impl Into<Share>, seed: u64) -> (Vec<usize>, Vec<usize>) {
        at_random(len, first.into(), &mut ChaCha8Rng::seed_from_u64(seed))
    }

    #[test]
    fn every_index_is_in_exactly_one_part() {
        for (first, expected) in [(Share::from(70), 70), (Share::from(0.25), 25), (0.0.into(), 0), (1.0.into(), 100)] {
            let (a, b) = split(100, first, 3);
            assert_eq!((a.len(), b.len()), (expected, 100 - expected));
            let mut both = [a, b].concat();
            assert!(!both.is_sorted(), "not at random");
            both.sort_unstable();
            assert_eq!(both, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn fractions_round_to_the_nearest() {
        assert_eq!(split(7, 0.5, 0).0.len(), 4);
        assert_eq!(split(7, 0.4, 0).0.len(), 3);
        assert_eq!(split(0, 0.4, 0).0.len(), 0);
        // Depending on the formula, 0.7 * 10 may be 7.000000000000001 or 6.999999999999999.
        assert_eq!(split(10, 0.7, 0).0.len(), 7);
    }

    #[test]
    fn same_seed_same_parts() {
        assert_eq!(split(1000, 0.5, 8), split(1000, 0.5, 8));
        assert_ne!(split(1000, 0.5, 8), split(1000, 0.5, 9));
    }

    #[test]
    #[should_panic(expected = "split: cannot take 11 samples out of 10")]
    fn more_than_there_are() {
        split(10, 11, 0);
    }

    #[test]
    #[should_panic(expected = "split: the fraction must be in [0, 1], got NaN")]
    fn not_a_fraction() {
        split(10, f64::NAN, 0);
    }
}
