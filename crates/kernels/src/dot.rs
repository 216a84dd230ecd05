//! Inner products and norms of slices, and the sign of a number.

use crate::Float;

/// The sum of squares, accumulated in `f64` for accuracy and in eight partial sums to hide the latency of the additions.
pub fn sum_squares<F: Float>(x: &[F]) -> f64 {
    dot(x, x)
}

/// The inner product, accumulated like [`sum_squares`].
pub fn dot<F: Float>(x: &[F], y: &[F]) -> f64 {
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

/// The Euclidean norm, correct even if the squares overflow or underflow.
pub fn norm<F: Float>(x: &[F]) -> f64 {
    scaled_norm(sum_squares(x), || x.iter().map(|x| x.as_f64()))
}

/// The square root of `squares`, the sum of squares of `elements`. If that sum has overflowed or underflowed, the norm is
/// computed from scaled elements instead.
pub fn scaled_norm<I: Iterator<Item = f64>>(squares: f64, elements: impl Fn() -> I) -> f64 {
    // Below the lower bound, squares that matter may have underflowed or lost digits as subnormals.
    if squares.is_nan() || (1e-280..f64::INFINITY).contains(&squares) {
        return squares.sqrt();
    }
    let largest = elements().fold(0.0, |largest, x| x.abs().max(largest));
    if largest == 0.0 || largest == f64::INFINITY {
        return largest;
    }
    largest * elements().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}

/// 1, -1, or 0 for 0; NaN for NaN, so that divergence is not hidden.
#[inline(always)]
pub fn signum<F: Float>(x: F) -> F {
    if x == F::zero() { x } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_squares_of_every_length() {
        for n in 0..40_u32 {
            let x: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            assert_eq!(sum_squares(&x), f64::from(n * (n + 1) * (2 * n + 1) / 6));
        }
    }

    #[test]
    fn norm_when_squares_overflow_or_underflow() {
        for scale in [1e300, 1e154, 1.0, 1e-140, 1e-160, 1e-300] {
            let length = norm(&[3.0 * scale, 0.0, -4.0 * scale]);
            assert!((length / scale - 5.0).abs() < 1e-14, "{scale:e}: {length:e}");
        }
        assert_eq!(norm(&[3e-40_f32, 4e-40]) as f32, 5e-40);
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert_eq!(norm(&[0.0_f64, 0.0]), 0.0);
        assert_eq!(norm(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm(&[f64::INFINITY, f64::NAN]).is_nan());
    }

    #[test]
    fn signum_of_zero_and_nan() {
        assert_eq!([-3.0, -0.0, 0.0, 1e-300].map(signum), [-1.0, 0.0, 0.0, 1.0]);
        assert!(signum(f32::NAN).is_nan());
    }
}
