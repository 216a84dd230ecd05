//! The uniform distribution.

use std::iter::repeat_with;
use std::ops::RangeInclusive;

use downhill_tensor::{Float, Tensor, checked_size, compiled};
use rand::Rng;
use rand::distr::{Distribution, Uniform};

/// A tensor of independent values, uniformly distributed in `range`.
///
/// ```
/// use downhill_nn::init;
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::uniform::<f64>(&[3, 2], -0.5..=0.5, &mut rng);
/// assert_eq!(w.shape(), [3, 2]);
/// assert!(w.to_vec().iter().all(|x| x.abs() <= 0.5));
/// ```
///
/// # Panics
/// If the range is empty, not finite, or its width overflows.
#[track_caller]
pub fn uniform<F: Float>(shape: &[usize], range: RangeInclusive<f64>, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    let Ok(distribution) = Uniform::new_inclusive(range.start(), range.end()) else {
        panic!("uniform: the range {range:?} must be finite, and its start no greater than its end");
    };
    // An unsized `Rng` does not coerce to `dyn Rng`, but a reference to it does.
    let mut rng = rng;
    drawn(shape, distribution, &mut rng)
}

#[track_caller]
#[inline(never)]
fn drawn<F: Float>(shape: &[usize], distribution: Uniform<f64>, rng: &mut dyn Rng) -> Tensor<F> {
    let size = checked_size::<F>("uniform", shape);
    let draw = || F::from_f64(distribution.sample(rng));
    Tensor::appended(shape, |elements| elements.extend(repeat_with(draw).take(size)))
}

compiled!(fn(&[usize], Uniform<f64>, &mut dyn Rng) -> Tensor<F> = drawn::<F>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, assert_reproducible, rng};

    #[test]
    fn moments_and_bounds() {
        let w = uniform::<f64>(&[100, 1000], -1.0..=3.0, &mut rng());
        assert_moments(&w, 1.0, 4.0 / 12.0_f64.sqrt(), 1.8);
        let (low, high) = w.to_vec().iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
        // The probability that all draws miss an end by more than 1e-3 of the width is e^-100.
        assert!((-1.0..-0.996).contains(&low) && high <= 3.0 && high > 2.996, "{low} {high}");
    }

    #[test]
    fn an_empty_range_of_one_point() {
        assert_eq!(uniform(&[2], 0.25..=0.25, &mut rng()), Tensor::from([0.25, 0.25]));
    }

    #[test]
    fn reproducible() {
        assert_reproducible(|rng| uniform(&[5, 3], -0.1..=0.1, rng), |rng| uniform(&[5, 3], -0.1..=0.1, rng));
    }

    #[test]
    #[should_panic(expected = "uniform: the range 1.0..=0.0 must be finite, and its start no greater than its end")]
    #[allow(clippy::reversed_empty_ranges)]
    fn a_range_that_goes_down() {
        uniform::<f32>(&[2], 1.0..=0.0, &mut rng());
    }
}
