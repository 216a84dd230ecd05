//! Sums over a slice, and the sign of a number.

use downhill_tensor::Float;

/// The sum of squares, in `f64` and in eight strands, so that it neither loses digits nor waits for each addition.
pub(crate) fn sum_squares<F: Float>(x: &[F]) -> f64 {
    dot(x, x)
}

/// The inner product, as [`sum_squares`].
pub(crate) fn dot<F: Float>(x: &[F], y: &[F]) -> f64 {
    const STRANDS: usize = 8;
    let mut sums = [0.0; STRANDS];
    let (xs, ys) = (x.chunks_exact(STRANDS), y.chunks_exact(STRANDS));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x.as_f64() * y.as_f64()).sum();
    for (x, y) in xs.zip(ys) {
        for k in 0..STRANDS {
            sums[k] += x[k].as_f64() * y[k].as_f64();
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// 1, -1, or 0 for 0; NaN for NaN, so that divergence shows.
#[inline(always)]
pub(crate) fn signum<F: Float>(x: F) -> F {
    if x == F::zero() { x } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_every_length() {
        for n in 0..40_u32 {
            let x: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            assert_eq!(sum_squares(&x), f64::from(n * (n + 1) * (2 * n + 1) / 6));
        }
    }

    #[test]
    fn signs() {
        assert_eq!([-3.0, -0.0, 0.0, 1e-300].map(signum), [-1.0, 0.0, 0.0, 1.0]);
        assert!(signum(f32::NAN).is_nan());
    }
}
