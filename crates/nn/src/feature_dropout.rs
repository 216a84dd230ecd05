//! Dropout of whole channels: neighboring positions of a channel are alike, so that zeroing some of them says little.
//!
//! Tompson et al., "Efficient object localization using convolutional networks", arXiv 1411.4280.

use downhill_tensor::{Float, Params, Tensor, training_rng};

use crate::Module;
use crate::dropout::mask;

/// [`FeatureDropout`] of sequences, `[N, C, L]` or `[C, L]`.
pub type Dropout1d = FeatureDropout<1>;

/// [`FeatureDropout`] of images, `[N, C, H, W]` or `[C, H, W]`.
///
/// PyTorch takes three axes for `[N, C, L]`, with a warning; for those there is [`Dropout1d`].
pub type Dropout2d = FeatureDropout<2>;

/// Zeroes whole channels at random in training: `y = x·m/(1 - p)`, where each channel of each sample has its own `m`, 0
/// with probability `p` and 1 otherwise. Outside a [`training`](downhill_tensor::training) scope `y = x`. Use it under
/// the names [`Dropout1d`] (`D = 1`: one axis of positions) and [`Dropout2d`] (`D = 2`).
///
/// ```
/// use downhill_nn::{Dropout2d, Module};
/// use downhill_tensor::{Tensor, training};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let x = Tensor::<f32>::ones(&[8, 16, 3, 3]);
/// let y = training::<f32, _, _>(&mut Dropout2d::new(0.5), &mut rng, |dropout| dropout.forward(&x));
/// let channels = y.sum_axis([2, 3]).to_vec();
/// assert!(channels.iter().all(|sum| [0.0, 18.0].contains(sum)));
/// assert_eq!(Dropout2d::new(0.5).forward(&x), x); // evaluation
/// ```
///
/// Like [`Dropout`](crate::Dropout), it multiplies, and consumes 32 bits of the generator for each channel.
#[derive(Clone, Copy, Debug, PartialEq, Params)]
pub struct FeatureDropout<const D: usize> {
    /// The probability that a channel is zeroed, in [0, 1].
    pub p: f64,
}

impl<const D: usize> FeatureDropout<D> {
    /// Dropout with probability `p`.
    ///
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    pub fn new(p: f64) -> Self {
        let dropout = FeatureDropout { p };
        dropout.check();
        dropout
    }

    #[track_caller]
    fn check(&self) {
        assert!((0.0..=1.0).contains(&self.p), "Dropout{D}d: p must be a probability in [0, 1], got {}", self.p);
    }
}

impl<const D: usize> Default for FeatureDropout<D> {
    /// `p = 0.5`, as in PyTorch.
    fn default() -> Self {
        FeatureDropout { p: 0.5 }
    }
}

impl<F: Float, const D: usize> Module<F> for FeatureDropout<D> {
    /// # Panics
    /// If `p` is not in [0, 1], or the number of axes of `x` is neither `D + 1` nor `D + 2`.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.check();
        let shape = x.shape();
        assert!(
            shape.len() == D + 1 || shape.len() == D + 2,
            "Dropout{D}d of {shape:?}: the input must be [N, C, ..] or [C, ..] with {D} axes of positions"
        );
        if self.p == 0.0 {
            return x.clone();
        }
        let mut channels = shape.to_vec();
        channels[shape.len() - D..].fill(1);
        match training_rng(|rng| mask(self.p, &channels, rng)) {
            Some(mask) => x * mask,
            None => x.clone(),
        }
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

    fn trained<const D: usize>(p: f64, x: &Tensor<f64>, rng: &mut ChaCha8Rng) -> Tensor<f64> {
        training::<f64, _, _>(&mut FeatureDropout::<D>::new(p), rng, |dropout| dropout.forward(x))
    }

    /// Against the same generator, one `u32` for each channel.
    #[test]
    fn a_channel_is_kept_or_zeroed_as_a_whole() {
        fn check<const D: usize>(shape: &[usize]) {
            let (mut ours, mut theirs) = (rng(), rng());
            let y = trained::<D>(0.25, &Tensor::full(shape, 3.0), &mut ours).to_vec();
            let positions = shape[shape.len() - D..].iter().product::<usize>();
            for channel in 0..shape[..shape.len() - D].iter().product() {
                let kept = f64::from(theirs.next_u32()) / 2_f64.powi(32) >= 0.25;
                let of_the_channel = &y[channel * positions..][..positions];
                assert!(of_the_channel.iter().all(|&y| y == if kept { 4.0 } else { 0.0 }));
            }
            assert_eq!(ours, theirs);
        }
        check::<1>(&[5, 40, 3]);
        check::<1>(&[40, 3]);
        check::<1>(&[2, 3, 0]);
        check::<2>(&[5, 40, 2, 3]);
        check::<2>(&[40, 2, 3]);
    }

    /// PyTorch: p = 0 is the identity, p = 1 multiplies by 0; evaluation is the identity.
    #[test]
    fn the_ends() {
        let x = Tensor::from([[1.0, f64::INFINITY]]);
        let mut untouched = rng();
        assert_eq!(trained::<1>(0.0, &x, &mut untouched), x);
        assert_eq!(untouched, rng());
        let y = trained::<1>(1.0, &x, &mut rng()).to_vec();
        assert!(y[0] == 0.0 && y[1].is_nan());
        assert_eq!(Dropout1d::default().forward(&x), x);
        assert_eq!(Dropout2d::default(), Dropout2d::new(0.5));
    }

    #[test]
    fn derivatives() {
        for shape in [&[2, 3, 2][..], &[3, 2], &[0, 2, 3]] {
            let x = crate::init::uniform(shape, -1.0..=1.0, &mut rng());
            gradcheck(|[x]| trained::<1>(0.4, x, &mut rng()).exp(), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "Dropout2d of [2, 3]: the input must be [N, C, ..] or [C, ..] with 2 axes of positions")]
    fn not_an_image() {
        Dropout2d::new(0.5).forward(&Tensor::<f32>::ones(&[2, 3]));
    }

    #[test]
    #[should_panic(expected = "Dropout1d: p must be a probability in [0, 1], got -0.5")]
    fn less_than_nothing() {
        Dropout1d::new(-0.5);
    }
}
