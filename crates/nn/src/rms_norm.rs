//! Root mean square normalization: over the last axes, divide by the root of the mean square, and scale.
//!
//! ```text
//! y = x / √(mean(x²) + ε) · weight     mean over the last axes
//! ```
//!
//! Zhang and Sennrich, arXiv 1910.07467.

use downhill_tensor::{Float, Params, Tensor, checked_size};

use crate::Module;
use crate::layer_norm::last_axes;

/// Root mean square normalization: [`LayerNorm`](crate::LayerNorm) without mean and shift. `[.., *normalized_shape]` to
/// the same shape.
///
/// Names and defaults are PyTorch's (`RMSNorm`); `ε` is the distance from 1 to the next float unless it is given.
///
/// ```
/// use downhill_nn::{Module, RmsNorm};
/// use downhill_tensor::Tensor;
/// let norm = RmsNorm { eps: Some(0.0), ..RmsNorm::new(&[2]) };
/// let x: Tensor = Tensor::from([[2.0, -2.0], [4.0, 4.0]]);
/// assert_eq!(norm.forward(&x), Tensor::from([[1.0, -1.0], [1.0, 1.0]]));
/// ```
#[doc(alias = "RMSNorm")]
#[derive(Clone, Debug, Params)]
pub struct RmsNorm<F: Float = f32> {
    /// The scale of each element, `normalized_shape`, if any.
    pub weight: Option<Tensor<F>>,
    /// The sizes of the last axes, over which a sample is normalized.
    pub normalized_shape: Vec<usize>,
    /// Added to the mean square, for numerical stability; if `None`, 2⁻²³ for `f32` and 2⁻⁵² for `f64`.
    pub eps: Option<f64>,
}

impl<F: Float> RmsNorm<F> {
    /// For samples of `normalized_shape`, with weight 1.
    ///
    /// # Panics
    /// If `normalized_shape` is empty or too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(normalized_shape: &[usize]) -> Self {
        assert!(!normalized_shape.is_empty(), "RmsNorm: normalized_shape must name at least one axis");
        RmsNorm { weight: None, normalized_shape: normalized_shape.to_vec(), eps: None }.elementwise_affine(true)
    }

    /// With weight 1, or without.
    #[track_caller]
    pub fn elementwise_affine(self, affine: bool) -> Self {
        checked_size::<F>("RmsNorm", &self.normalized_shape);
        RmsNorm { weight: affine.then(|| Tensor::param(Tensor::ones(&self.normalized_shape))), ..self }
    }
}

impl<F: Float> Module<F> for RmsNorm<F> {
    /// # Panics
    /// If the last axes of `x` are not `normalized_shape`.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let axes = last_axes("RmsNorm", x.shape(), &self.normalized_shape);
        let y = x.rms_normalize(axes.., self.eps.unwrap_or(F::epsilon().as_f64()));
        match &self.weight {
            Some(weight) => y * weight,
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init;

    type Norm = RmsNorm<f64>;

    #[test]
    fn the_tree_has_pytorchs_names() {
        let norm = Norm::new(&[2, 3]);
        let tree: Vec<_> = norm.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![2, 3])]);
        assert_eq!((norm.num_params(), norm.eps), (6, None));
        assert_eq!(norm.elementwise_affine(false).num_params(), 0);
    }

    /// The root of the mean square of 1 and 7 is 5.
    #[test]
    fn by_hand() {
        let mut norm = Norm { eps: Some(0.0), ..Norm::new(&[2]) };
        norm.weight = Some(Tensor::param([10.0, -1.0]));
        let y = norm.forward(&Tensor::from([[1.0, 7.0], [-7e-90, 1e-90]]));
        assert!((y - Tensor::from([[2.0, -1.4], [-14.0, -0.2]])).abs().max().item() < 1e-14);
        assert_eq!(norm.forward(&Tensor::zeros(&[0, 2])).shape(), [0, 2]);
    }

    /// Of zeros it is 0, not NaN; the ε that makes it so depends on the element type.
    #[test]
    fn zeros() {
        assert_eq!(Norm::new(&[2]).forward(&Tensor::zeros(&[2])).to_vec(), [0.0, 0.0]);
        let tiny = 2.0_f32.powi(-12);
        let y = RmsNorm::<f32>::new(&[1]).forward(&Tensor::from([tiny])).item();
        assert!((y - (1.0_f32 / 3.0).sqrt()).abs() < 1e-6, "2⁻²⁴ and 2⁻²³ in the root: {y}");
    }

    #[test]
    fn derivatives() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let cases: [(&[usize], &[usize]); 5] =
            [(&[3], &[3]), (&[2, 3], &[3]), (&[2, 2, 3], &[2, 3]), (&[0, 3], &[3]), (&[2, 1], &[1])];
        for (shape, normalized_shape) in cases {
            let x = init::uniform(shape, -1.0..=1.0, &mut rng);
            let weight = init::uniform(normalized_shape, 0.5..=1.5, &mut rng);
            let norm = Norm { eps: Some(0.1), ..Norm::new(normalized_shape) };
            let with = |weight: Option<&Tensor<f64>>| Norm { weight: weight.cloned(), ..norm.clone() };
            gradcheck(|[x, w]| with(Some(w)).forward(x), [&x, &weight], Check::order(2)).unwrap();
            gradcheck(|[x]| with(None).forward(x), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(
        expected = "RmsNorm of [2, 3]: the last axes of the input must be the layer's normalized_shape, [2, 2]"
    )]
    fn other_sizes() {
        Norm::new(&[2, 2]).forward(&Tensor::zeros(&[2, 3]));
    }
}
