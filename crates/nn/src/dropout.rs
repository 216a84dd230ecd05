//! Dropout: in training every element is zeroed with probability `p`, and the others are scaled by `1/(1 - p)`, which
//! preserves the mean. In evaluation it is the identity.
//!
//! Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.

use downhill_tensor::{Float, Params, Tensor, training_rng};
use rand::Rng;

use crate::Module;

/// Zeroes elements at random in training: `y = x·m/(1 - p)`, where each `m` is 0 with probability `p` and 1 otherwise.
/// Outside a [`training`](downhill_tensor::training) scope `y = x`.
///
/// ```
/// use downhill_nn::{Dropout, Linear, Module};
/// use downhill_tensor::{Params, Tensor, training};
/// use rand::SeedableRng;
///
/// #[derive(Params)]
/// struct Model { fc: Linear, dropout: Dropout }
///
/// impl Module for Model {
///     fn forward(&self, x: &Tensor) -> Tensor {
///         self.dropout.forward(&self.fc.forward(x))
///     }
/// }
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut model = Model { fc: Linear::new(3, 100, &mut rng), dropout: Dropout::new(0.5) };
/// let x = Tensor::ones(&[1, 3]);
/// let y = training(&mut model, &mut rng, |model| model.forward(&x));
/// let zeros = y.to_vec().iter().filter(|y| **y == 0.0).count();
/// assert!((25..75).contains(&zeros));
/// assert_eq!(model.forward(&x), model.fc.forward(&x)); // evaluation
/// ```
///
/// Elements are zeroed by a multiplication, so a NaN or an infinity becomes NaN instead, as in PyTorch. Each element
/// consumes 32 bits of the generator, in row-major order, and is kept if they, as a little-endian integer, are at least
/// `p·2³²`.
#[derive(Clone, Copy, Debug, PartialEq, Params)]
pub struct Dropout {
    /// The probability that an element is zeroed, in [0, 1].
    pub p: f64,
}

impl Dropout {
    /// Dropout with probability `p`.
    ///
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    pub fn new(p: f64) -> Self {
        let dropout = Dropout { p };
        dropout.check();
        dropout
    }

    #[track_caller]
    fn check(&self) {
        assert!((0.0..=1.0).contains(&self.p), "Dropout: p must be a probability in [0, 1], got {}", self.p);
    }
}

impl Default for Dropout {
    /// `p = 0.5`, as in PyTorch.
    fn default() -> Self {
        Dropout { p: 0.5 }
    }
}

impl<F: Float> Module<F> for Dropout {
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.check();
        if self.p == 0.0 {
            return x.clone();
        }
        match training_rng(|rng| mask(self.p, x.shape(), rng)) {
            Some(mask) => x * mask,
            None => x.clone(),
        }
    }
}

/// 0 with probability `p`, otherwise `1/(1 - p)`.
pub(crate) fn mask<F: Float>(p: f64, shape: &[usize], rng: &mut dyn Rng) -> Tensor<F> {
    let kept = if p == 1.0 { F::zero() } else { F::from_f64(1.0 / (1.0 - p)) };
    let threshold = (p * 2_f64.powi(32)).round() as u64;
    // Bits for 1024 elements at a time: one virtual call instead of one per element.
    let mut bits = [0; 4096];
    Tensor::appended(shape, |mask| {
        let mut left = shape.iter().product::<usize>();
        while left > 0 {
            let bytes = &mut bits[..4 * left.min(1024)];
            rng.fill_bytes(bytes);
            mask.extend(bytes.chunks_exact(4).map(|word| {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                if u64::from(word) < threshold { F::zero() } else { kept }
            }));
            left -= bytes.len() / 4;
        }
    })
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, Params, gradcheck, training};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    /// The output for `x` in training.
    fn trained(p: f64, x: &Tensor<f64>, rng: &mut ChaCha8Rng) -> Tensor<f64> {
        training::<f64, _, _>(&mut Dropout::new(p), rng, |dropout| dropout.forward(x))
    }

    /// Against the same generator, one `u32` per element.
    #[test]
    fn the_mask_is_made_of_the_callers_bits() {
        for shape in [&[3][..], &[1024], &[1025], &[2, 3, 700], &[0, 3], &[]] {
            let (mut ours, mut theirs) = (rng(), rng());
            let y = trained(0.25, &Tensor::full(shape, 3.0), &mut ours);
            for y in y.to_vec() {
                let kept = f64::from(theirs.next_u32()) / 2_f64.powi(32) >= 0.25;
                assert_eq!(y, if kept { 4.0 } else { 0.0 });
            }
            assert_eq!((y.shape(), ours), (shape, theirs));
        }
    }

    #[test]
    fn zeros_are_as_frequent_as_p_and_the_mean_stays() {
        let n = 100_000;
        for p in [0.1, 0.5, 0.9] {
            let y = trained(p, &Tensor::ones(&[n]), &mut rng());
            let zeros = y.to_vec().iter().filter(|y| **y == 0.0).count() as f64 / n as f64;
            let deviation = (p * (1.0 - p) / n as f64).sqrt();
            assert!((zeros - p).abs() < 5.0 * deviation, "{p}: {zeros}");
            assert!((y.mean().item() - 1.0).abs() < 5.0 * deviation / (1.0 - p), "{p}");
        }
    }

    #[test]
    fn evaluation_is_the_identity() {
        let x = Tensor::from([f64::NAN, 1.0, f64::INFINITY]);
        assert_eq!(Dropout::new(1.0).forward(&x).to_vec()[1..], x.to_vec()[1..]);
        assert!(Module::<f64>::forward(&Dropout::default(), &x).to_vec()[0].is_nan());
        assert_eq!(Params::<f64>::num_params(&Dropout::default()), 0);
    }

    /// PyTorch: p = 0 is the identity, p = 1 multiplies by 0.
    #[test]
    fn the_ends() {
        let x = Tensor::from([1.0, -2.0, f64::INFINITY]);
        let mut untouched = rng();
        assert_eq!(trained(0.0, &x, &mut untouched), x);
        assert_eq!(untouched, rng());
        let y = trained(1.0, &x, &mut rng()).to_vec();
        assert!(y[0] == 0.0 && y[1] == 0.0 && y[2].is_nan());
    }

    #[test]
    fn each_call_draws_anew() {
        let x = Tensor::<f64>::ones(&[64]);
        let (mut rng, mut dropout) = (rng(), Dropout::default());
        let [a, b] = training::<f64, _, _>(&mut dropout, &mut rng, |d| [d.forward(&x), d.forward(&x)]);
        let c = training::<f64, _, _>(&mut dropout, &mut rng, |d| d.forward(&x));
        assert!(a != b && b != c && a != c);
    }

    #[test]
    fn derivatives() {
        for shape in [&[5][..], &[2, 3], &[0, 2], &[]] {
            let x = crate::init::uniform(shape, -1.0..=1.0, &mut rng());
            gradcheck(|[x]| trained(0.4, x, &mut rng()).exp(), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "Dropout: p must be a probability in [0, 1], got 1.5")]
    fn more_than_everything() {
        Dropout::new(1.5);
    }

    #[test]
    #[should_panic(expected = "Dropout: p must be a probability in [0, 1], got NaN")]
    fn also_where_it_was_set() {
        Dropout { p: f64::NAN }.forward(&Tensor::<f32>::ones(&[1]));
    }
}
