//! Mean and variance of any numbers that are finite.

/// The mean and the standard deviation (of all numbers: divided by their count) of the numbers that are not NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub(crate) count: usize,
    /// NaN if there are none.
    pub(crate) mean: f64,
    pub(crate) std: f64,
}

impl Moments {
    /// In three passes: the largest magnitude, by a power of two near which everything is divided, so that neither a sum
    /// nor a square overflows or vanishes; the mean; and the deviations from it.
    pub(crate) fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let numbers = numbers.filter(|x| !x.is_nan());
        let largest = numbers.clone().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        // A power of two is exact to divide by, unless the result is subnormal.
        let unit = if largest > 0.0 { 2.0_f64.powi(largest.log2().clamp(-1000.0, 1000.0) as i32) } else { 1.0 };
        let count = numbers.clone().count();
        let n = count as f64;
        let mean = numbers.clone().map(|x| x / unit).sum::<f64>() / n;
        // The sum of the deviations, 0 but for rounding, corrects the mean.
        let mean = mean + numbers.clone().map(|x| x / unit - mean).sum::<f64>() / n;
        let variance = numbers.map(|x| (x / unit - mean) * (x / unit - mean)).sum::<f64>() / n;
        Moments { count, mean: mean * unit, std: variance.sqrt() * unit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(numbers: &[f64]) -> (f64, f64) {
        let found = Moments::of(numbers.iter().copied());
        (found.mean, found.std)
    }

    #[test]
    fn by_hand() {
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
        assert_eq!(moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, f64::NAN]), (5.0, 2.0));
        assert_eq!(moments(&[0.0, -0.0]), (0.0, 0.0));
        let none = Moments::of([f64::NAN].into_iter());
        assert!(none.count == 0 && none.mean.is_nan() && none.std.is_nan());
    }

    #[test]
    fn neither_overflow_nor_underflow() {
        for unit in [f64::MAX / 4.0, 1e300, 1e200, 1e-200, 1e-300] {
            let (mean, std) = moments(&[unit, 3.0 * unit]);
            assert!(
                (mean / unit - 2.0).abs() < 1e-14 && (std / unit - 1.0).abs() < 1e-14,
                "{unit:e}: {mean:e}, {std:e}"
            );
        }
        assert_eq!(moments(&[f64::MAX, f64::MAX]), (f64::MAX, 0.0));
        // The smallest number of all: half of it rounds to 0 or to itself.
        let (mean, std) = moments(&[5e-324, 5e-324]);
        assert_eq!((mean, std), (5e-324, 0.0));
    }

    /// A plain sum of a million terms loses five digits.
    #[test]
    fn of_many_numbers() {
        let (mean, std) = moments(&vec![0.1; 1_000_000]);
        assert!((mean / 0.1 - 1.0).abs() < 1e-15 && std < 1e-16, "{mean:e}, {std:e}");
    }

    /// A large mean costs no digit of the deviation.
    #[test]
    fn far_from_zero() {
        let (mean, std) = moments(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert_eq!(mean, 1e9 + 2.0);
        assert!((std - (2.0_f64 / 3.0).sqrt()).abs() < 1e-14, "{std}");
    }
}
