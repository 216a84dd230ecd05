//! Dropout for networks of [`Selu`](crate::Selu): an element is not zeroed but set to the limit of `selu` at minus
//! infinity, and all are then scaled and shifted, which preserves mean 0 and variance 1.
//!
//! ```text
//! y = a·(x·m + α'·(1 - m)) + b     α' = -λα, a = 1/√((1 - p)(1 + p·α'²)), b = -a·p·α'
//! ```
//!
//! Klambauer et al., "Self-normalizing neural networks", arXiv 1706.02515.

use downhill_tensor::{Float, Params, Tensor, training_rng};

use crate::Module;
use crate::dropout::mask;

/// The limit of `selu` at minus infinity, negated: `λα`.
const LIMIT: f64 = 1.7580993408473766;

/// Dropout that preserves mean 0 and variance 1: in training, `y = a·(x·m + α'·(1 - m)) + b`, where each `m` is 0 with
/// probability `p` and 1 otherwise, and `α'` is the limit of `selu` at minus infinity. Outside a
/// [`training`](downhill_tensor::training) scope `y = x`.
///
/// ```
/// use downhill_nn::{AlphaDropout, Module};
/// use downhill_tensor::{Tensor, training};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let x: Tensor = Tensor::randn(&[100_000], &mut rng);
/// let y = training::<f32, _, _>(&mut AlphaDropout::new(0.3), &mut rng, |dropout| dropout.forward(&x));
/// assert!(y.mean().item().abs() < 0.02 && (y.var().item() - 1.0).abs() < 0.02);
/// assert_eq!(AlphaDropout::new(0.3).forward(&x), x); // evaluation
/// ```
///
/// As in PyTorch, `p = 1` multiplies by 0. The generator is used as by [`Dropout`](crate::Dropout).
#[derive(Clone, Copy, Debug, PartialEq, Params)]
pub struct AlphaDropout {
    /// The probability that an element is replaced, in [0, 1].
    pub p: f64,
}

impl AlphaDropout {
    /// Dropout with probability `p`.
    ///
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    pub fn new(p: f64) -> Self {
        let dropout = AlphaDropout { p };
        dropout.check();
        dropout
    }

    #[track_caller]
    fn check(&self) {
        assert!((0.0..=1.0).contains(&self.p), "AlphaDropout: p must be a probability in [0, 1], got {}", self.p);
    }
}

impl Default for AlphaDropout {
    /// `p = 0.5`, as in PyTorch.
    fn default() -> Self {
        AlphaDropout { p: 0.5 }
    }
}

impl<F: Float> Module<F> for AlphaDropout {
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.check();
        if self.p == 0.0 {
            return x.clone();
        }
        // 0 or 1/(1 - p).
        let Some(mask) = training_rng(|rng| mask::<F>(self.p, x.shape(), rng)) else { return x.clone() };
        if self.p == 1.0 {
            return x * mask;
        }
        let kept = 1.0 - self.p;
        let a = 1.0 / (kept * (1.0 + self.p * LIMIT * LIMIT)).sqrt();
        // Of a kept element the constant is -a·p·α'; of a replaced one a·α'·(1 - p).
        let (scale, shift) = (mask.clone() * F::from_f64(kept * a), mask * F::from_f64(kept * a * LIMIT));
        x * scale + (shift - F::from_f64(kept * a * LIMIT))
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck, training};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    fn trained(p: f64, x: &Tensor<f64>, rng: &mut ChaCha8Rng) -> Tensor<f64> {
        training::<f64, _, _>(&mut AlphaDropout::new(p), rng, |dropout| dropout.forward(x))
    }

    /// The formula, with one `u32` of the same generator per element.
    #[test]
    fn values_by_the_formula() {
        let limit = -Tensor::from(-1e3).selu().item();
        assert!((limit - LIMIT).abs() < 1e-15);
        for p in [0.1, 0.5, 0.9] {
            let (mut ours, mut theirs) = (rng(), rng());
            let a = 1.0 / ((1.0 - p) * (1.0 + p * limit * limit)).sqrt();
            for y in trained(p, &Tensor::full(&[300], 0.75), &mut ours).to_vec() {
                let kept = f64::from(theirs.next_u32()) / 2_f64.powi(32) >= p;
                let expected = a * if kept { 0.75 } else { -limit } + a * p * limit;
                assert!((y - expected).abs() < 1e-14, "{p}: {y}, not {expected}");
            }
            assert_eq!(ours, theirs);
        }
    }

    /// Mean 0 and variance 1 before and after, within five standard errors.
    #[test]
    fn the_moments_stay() {
        let n = 100_000;
        let x = Tensor::randn(&[n], &mut rng());
        for p in [0.1, 0.5, 0.9] {
            let y = trained(p, &x, &mut rng());
            let fourth = y.powi(4).mean().item();
            assert!(y.mean().item().abs() < 5.0 / (n as f64).sqrt(), "{p}");
            assert!((y.square().mean().item() - 1.0).abs() < 5.0 * (fourth / n as f64).sqrt(), "{p}");
        }
    }

    /// PyTorch: p = 0 is the identity, p = 1 multiplies by 0; evaluation is the identity.
    #[test]
    fn the_ends() {
        let x = Tensor::from([1.0, -2.0, f64::INFINITY]);
        let mut untouched = rng();
        assert_eq!(trained(0.0, &x, &mut untouched), x);
        assert_eq!(untouched, rng());
        let y = trained(1.0, &x, &mut rng()).to_vec();
        assert!(y[0] == 0.0 && y[1] == 0.0 && y[2].is_nan());
        assert_eq!(AlphaDropout::default().forward(&x), x);
    }

    #[test]
    fn derivatives() {
        for shape in [&[5][..], &[2, 3], &[0, 2], &[]] {
            let x = crate::init::uniform(shape, -1.0..=1.0, &mut rng());
            gradcheck(|[x]| trained(0.4, x, &mut rng()).exp(), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "AlphaDropout: p must be a probability in [0, 1], got 1.5")]
    fn more_than_everything() {
        AlphaDropout::new(1.5);
    }
}
