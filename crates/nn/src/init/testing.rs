//! Helpers for the tests of the initializers.

use downhill_tensor::Tensor;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub(crate) fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(20)
}

/// Asserts that the sample has this mean and standard deviation, within five standard errors. `kurtosis` is that of the
/// distribution (3 for normal, 1.8 for uniform): the variance of the sample variance of `n` draws is
/// `σ⁴·(kurtosis - 1)/n`.
#[track_caller]
pub(crate) fn assert_moments(sample: &Tensor<f64>, mean: f64, std: f64, kurtosis: f64) {
    let values = sample.to_vec();
    let n = values.len() as f64;
    let found_mean = values.iter().sum::<f64>() / n;
    let found_variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let (mean_error, variance_error) = (std / n.sqrt(), std * std * ((kurtosis - 1.0) / n).sqrt());
    assert!((found_mean - mean).abs() <= 5.0 * mean_error, "mean {found_mean}, not {mean} ± {mean_error}");
    assert!(
        (found_variance - std * std).abs() <= 5.0 * variance_error,
        "variance {found_variance}, not {} ± {variance_error}",
        std * std
    );
}

/// Asserts that the same seed gives the same values, the next draw gives different ones, and `f32` gives those of
/// `f64`, rounded.
#[track_caller]
pub(crate) fn assert_reproducible(
    f64s: impl Fn(&mut ChaCha8Rng) -> Tensor<f64>,
    f32s: impl Fn(&mut ChaCha8Rng) -> Tensor<f32>,
) {
    let mut first = rng();
    let w = f64s(&mut first);
    assert_eq!(f64s(&mut rng()), w, "the same seed");
    assert_ne!(f64s(&mut first), w, "the next draw");
    let rounded: Vec<f32> = w.to_vec().into_iter().map(|x| x as f32).collect();
    assert_eq!(f32s(&mut rng()).to_vec(), rounded, "the other element type");
}
