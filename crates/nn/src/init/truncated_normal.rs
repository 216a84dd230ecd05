//! The truncated normal distribution.

use std::f64::consts::PI;
use std::iter::repeat_with;
use std::ops::RangeInclusive;

use downhill_tensor::{Float, Tensor, checked_size};
use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

/// A tensor of independent values from the normal distribution truncated to `range`.
///
/// `mean` and `std` are those before truncation, and `range` is absolute, not in standard deviations: to truncate at
/// two of them, pass `mean - 2.0 * std..=mean + 2.0 * std`. (PyTorch's default is -2 to 2.)
///
/// ```
/// use downhill_nn::init;
/// use rand::SeedableRng;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let w = init::truncated_normal::<f64>(&[100], 0.0, 0.02, -0.04..=0.04, &mut rng);
/// assert!(w.to_vec().iter().all(|x| x.abs() <= 0.04));
/// ```
///
/// # Panics
/// If `std` is not positive and finite, or the start of the range is not less than its end.
#[track_caller]
pub fn truncated_normal<F: Float>(
    shape: &[usize],
    mean: f64,
    std: f64,
    range: RangeInclusive<f64>,
    rng: &mut (impl Rng + ?Sized),
) -> Tensor<F> {
    assert!(
        std > 0.0 && std.is_finite(),
        "truncated_normal: the standard deviation must be finite and above 0, got {std}"
    );
    let (low, high) = range.into_inner();
    assert!(low < high, "truncated_normal: the range {low}..={high}: the start must be less than the end");
    let (a, b) = ((low - mean) / std, (high - mean) / std);
    let draw = || F::from_f64((mean + std * standard(a, b, rng)).clamp(low, high));
    let size = checked_size::<F>("truncated_normal", shape);
    Tensor::appended(shape, |elements| elements.extend(repeat_with(draw).take(size)))
}

/// Draws from the standard normal distribution between `a` and `b`, by rejection sampling with the proposal
/// distribution that is accepted often: at least one draw in three, also in the tails (Robert, "Simulation of truncated
/// normal variables", arXiv:0907.4010).
fn standard(a: f64, b: f64, rng: &mut (impl Rng + ?Sized)) -> f64 {
    if b <= 0.0 {
        // By symmetry.
        return -right_of_zero(-b, -a, rng);
    }
    if a >= 0.0 {
        return right_of_zero(a, b, rng);
    }
    if b - a > (2.0 * PI).sqrt() {
        loop {
            let x: f64 = rng.sample(StandardNormal);
            if a <= x && x <= b {
                return x;
            }
        }
    }
    uniform_proposals(a, b, 0.0, rng)
}

/// [`standard`] for `0 ≤ a < b`.
fn right_of_zero(a: f64, b: f64, rng: &mut (impl Rng + ?Sized)) -> f64 {
    // The exponential proposal on `[a, ∞)` with the highest acceptance rate.
    let rate = (a + (a * a + 4.0).sqrt()) / 2.0;
    if b - a < 1.0 / rate {
        return uniform_proposals(a, b, a, rng);
    }
    loop {
        let x = a + rng.sample::<f64, _>(Exp1) / rate;
        if x <= b && rng.random::<f64>() < (-(x - rate).powi(2) / 2.0).exp() {
            return x;
        }
    }
}

/// Rejection sampling with uniform proposals, accepted in proportion to the density, which is largest at `peak`.
fn uniform_proposals(a: f64, b: f64, peak: f64, rng: &mut (impl Rng + ?Sized)) -> f64 {
    loop {
        let x = rng.random_range(a..=b);
        if rng.random::<f64>() < ((peak * peak - x * x) / 2.0).exp() {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::{assert_moments, assert_reproducible, rng};

    /// Mean, variance and kurtosis of the standard normal distribution between `a` and `b`, by Simpson's rule.
    fn moments(a: f64, b: f64) -> (f64, f64, f64) {
        let steps = 20_000;
        let h = (b - a) / f64::from(steps);
        let integral = |f: &dyn Fn(f64) -> f64| {
            let weight = |i| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
            // Relative to the density at the peak, so that a far tail does not underflow.
            let peak: f64 = 0.0_f64.clamp(a, b);
            let density = |x: f64| ((peak * peak - x * x) / 2.0).exp();
            (0..=steps).map(|i| (i, a + f64::from(i) * h)).map(|(i, x)| weight(i) * f(x) * density(x)).sum::<f64>()
        };
        let mass = integral(&|_| 1.0);
        let mean = integral(&|x| x) / mass;
        let variance = integral(&|x| (x - mean).powi(2)) / mass;
        (mean, variance, integral(&|x| (x - mean).powi(4)) / mass / variance.powi(2))
    }

    #[test]
    fn moments_and_bounds_by_every_way_of_drawing() {
        // Normal, uniform around 0, exponential and uniform proposals in a tail; also the left tail.
        for (a, b) in
            [(-2.0, 2.0), (-1.0, 3.0), (-0.5, 1.0), (1.0, 3.0), (0.0, 9.0), (7.0, 9.0), (7.0, 7.05), (-9.0, -7.0)]
        {
            let (mean, std) = (3.0, 0.5);
            let w = truncated_normal::<f64>(&[40_000], mean, std, mean + a * std..=mean + b * std, &mut rng());
            assert!(w.to_vec().iter().all(|&x| mean + a * std <= x && x <= mean + b * std), "{a} {b}");
            let (m, variance, kurtosis) = moments(a, b);
            assert_moments(&w, mean + std * m, std * variance.sqrt(), kurtosis);
        }
    }

    /// The choice of proposal matters only for speed, measured in random numbers drawn: at least one proposal in three
    /// is accepted, even in a range so narrow that the wrong proposal would hardly ever fall into it.
    #[test]
    fn every_third_proposal_is_accepted() {
        let ranges = [
            (-2.0, 2.0),
            (-1e-6, 1e-6),
            (-0.5, 1.0),
            (-9.0, 0.1),
            (0.0, f64::INFINITY),
            (0.0, 1e-6),
            (1.0, 3.0),
            (7.0, 7.0001),
            (7.0, 7.1),
            (7.0, f64::INFINITY),
            (30.0, 31.0),
            (-7.0001, -7.0),
        ];
        for (a, b) in ranges {
            let (draws, mut rng) = (2000, rng());
            let before = rng.get_word_pos();
            truncated_normal::<f64>(&[draws], 0.0, 1.0, a..=b, &mut rng);
            // A proposal and its acceptance take one `f64` of two words each, and rarely another for the ziggurat.
            let words = (rng.get_word_pos() - before) as f64 / draws as f64;
            assert!(words <= 3.0 * 4.2, "{a}..={b}: {words} words per draw");
        }
    }

    #[test]
    fn one_bound_may_be_infinite() {
        let w = truncated_normal::<f64>(&[40_000], 0.0, 1.0, 0.0..=f64::INFINITY, &mut rng());
        let mean = (2.0 / PI).sqrt();
        assert_moments(&w, mean, (1.0 - mean * mean).sqrt(), 3.869);
    }

    #[test]
    fn reproducible() {
        assert_reproducible(
            |rng| truncated_normal(&[5, 3], 0.0, 1.0, -2.0..=2.0, rng),
            |rng| truncated_normal(&[5, 3], 0.0, 1.0, -2.0..=2.0, rng),
        );
    }

    #[test]
    #[should_panic(expected = "truncated_normal: the range 2..=-2: the start must be less than the end")]
    #[allow(clippy::reversed_empty_ranges)]
    fn a_range_that_goes_down() {
        truncated_normal::<f32>(&[2], 0.0, 1.0, 2.0..=-2.0, &mut rng());
    }
}
