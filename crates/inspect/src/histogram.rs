//! How often which values occur.

use serde::{Deserialize, Serialize};

use crate::number::{self, rounded};

/// The number of values in each of several equal intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The lower end of the first interval.
    #[serde(with = "number::one")]
    pub from: f64,
    /// The upper end of the last interval, which belongs to it.
    #[serde(with = "number::one")]
    pub to: f64,
    /// One count for each interval; a single one if all values are equal.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// Of finite values between `min` and `max`, in at least one bin.
    pub(crate) fn of(values: impl Iterator<Item = f64>, [min, max]: [f64; 2], bins: usize) -> Self {
        let bins = if min < max { bins.max(1) } else { 1 };
        let mut counts = vec![0; bins];
        // Halves, because the difference may overflow.
        let width = max / 2.0 - min / 2.0;
        for x in values {
            let place = (x / 2.0 - min / 2.0) / width * bins as f64;
            // `as` takes NaN, the place among equal values, to 0.
            counts[(place as usize).min(bins - 1)] += 1;
        }
        Histogram { from: rounded(min, 6), to: rounded(max, 6), counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let values = [0.0, 0.9, 1.0, 2.5, 4.0, 4.0];
        let histogram = Histogram::of(values.into_iter(), [0.0, 4.0], 4);
        assert_eq!(histogram, Histogram { from: 0.0, to: 4.0, counts: vec![2, 1, 1, 2] });
        let equal = Histogram::of([7.0; 5].into_iter(), [7.0, 7.0], 4);
        assert_eq!(equal.counts, [5]);
        assert_eq!(Histogram::of([1.0, 2.0].into_iter(), [1.0, 2.0], 0).counts, [2]);
    }
}
