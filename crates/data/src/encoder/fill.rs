//! Numbers that replace missing ones, of those that are there; `None` without any.

use crate::moments::Moments;

pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| Moments::of(numbers.iter().copied()).mean)
}

/// For an even number of values the mean of the two in the middle.
pub(super) fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(numbers[middle]),
        // Halved first: the sum may overflow.
        _ => Some(numbers[middle - 1] / 2.0 + numbers[middle] / 2.0),
    }
}

/// The smallest, if there are several.
pub(super) fn most_frequent(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let runs = numbers.chunk_by(|a, b| a == b);
    let longest = runs.fold(None, |longest: Option<&[f64]>, run| match longest {
        Some(longest) if longest.len() >= run.len() => Some(longest),
        _ => Some(run),
    });
    longest.map(|run| run[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!((mean(&[]), median(&mut []), most_frequent(&mut [])), (None, None, None));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!(median(&mut [5.0, -1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [5.0, -1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut [f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(most_frequent(&mut [3.0, 1.0, 3.0, 1.0, 2.0]), Some(1.0));
        assert_eq!(most_frequent(&mut [3.0, 1.0, 3.0, 2.0]), Some(3.0));
        // Two spellings of zero.
        assert_eq!(most_frequent(&mut [0.0, 1.0, -0.0]), Some(0.0));
    }
}
