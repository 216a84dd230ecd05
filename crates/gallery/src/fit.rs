//! Slopes in the logarithms, which captions claim.

/// The exponent `s` of the power law `y = c·xˢ` that fits best: the slope of the line of least squares through the logarithms.
pub(crate) fn power(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    let (mean_x, mean_y) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let covariance: f64 = logs.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    covariance / logs.iter().map(|p| (p.0 - mean_x).powi(2)).sum::<f64>()
}

/// Panics unless `value` is between `low` and `high`; NaN is not.
#[track_caller]
pub(crate) fn within(what: &str, value: f64, low: f64, high: f64) {
    assert!((low..=high).contains(&value), "{what} should be from {low} to {high}, but is {value}");
}

#[test]
fn the_power_of_a_power_law() {
    let law = |s: f64| (1..9).map(|x| (f64::from(x), 3.0 * f64::from(x).powf(s))).collect::<Vec<_>>();
    for s in [-1.0, 0.5, 2.0] {
        assert!((power(&law(s)) - s).abs() < 1e-12);
    }
}
