//! Layer normalization: over the last axes, subtract the mean, divide by the standard deviation, scale and shift.
//!
//! ```text
//! y = (x - mean) / √(var + ε) · weight + bias     mean, var over the last axes; var is biased (divided by n)
//! ```
//!
//! Ba, Kiros and Hinton, arXiv 1607.06450.

use downhill_tensor::{Float, Params, Tensor};

use crate::{Module, channels};

/// Layer normalization: every sample is normalized over the last axes, whose sizes are `normalized_shape`, in training
/// and evaluation alike; scale and shift have one value for each element of a sample. `[.., *normalized_shape]` to the
/// same shape.
///
/// Names and defaults are PyTorch's. Options are fields:
///
/// ```
/// use downhill_nn::{LayerNorm, Module};
/// use downhill_tensor::Tensor;
///
/// let norm = LayerNorm { eps: 0.0, ..LayerNorm::new(&[2]) };
/// let x: Tensor = Tensor::from([[1.0, 3.0], [20.0, 10.0]]);
/// assert_eq!(norm.forward(&x), Tensor::from([[-1.0, 1.0], [1.0, -1.0]]));
///
/// // PyTorch's elementwise_affine=False and bias=False.
/// let bare: LayerNorm = LayerNorm::new(&[28, 28]).elementwise_affine(false);
/// let scaled: LayerNorm = LayerNorm { bias: None, ..LayerNorm::new(&[64]) };
/// # assert!(bare.weight.is_none() && scaled.weight.is_some());
/// ```
#[derive(Clone, Debug, Params)]
pub struct LayerNorm<F: Float = f32> {
    /// The scale of each element, `normalized_shape`, if any.
    pub weight: Option<Tensor<F>>,
    /// The shift of each element, `normalized_shape`, if any.
    pub bias: Option<Tensor<F>>,
    /// The sizes of the last axes, over which a sample is normalized.
    pub normalized_shape: Vec<usize>,
    /// Added to the variance, for numerical stability.
    pub eps: f64,
}

impl<F: Float> LayerNorm<F> {
    /// For samples of `normalized_shape`, with weight 1, bias 0 and ε = 1e-5.
    ///
    /// # Panics
    /// If `normalized_shape` is empty or too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(normalized_shape: &[usize]) -> Self {
        assert!(!normalized_shape.is_empty(), "LayerNorm: normalized_shape must name at least one axis");
        let shape = normalized_shape.to_vec();
        LayerNorm { weight: None, bias: None, normalized_shape: shape, eps: 1e-5 }.elementwise_affine(true)
    }

    /// With weight 1 and bias 0, or with neither.
    #[track_caller]
    pub fn elementwise_affine(self, affine: bool) -> Self {
        let [weight, bias] = channels::affine("LayerNorm", &self.normalized_shape, affine);
        LayerNorm { weight, bias, ..self }
    }
}

impl<F: Float> Module<F> for LayerNorm<F> {
    /// # Panics
    /// If the last axes of `x` are not `normalized_shape`.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let axes = last_axes("LayerNorm", x.shape(), &self.normalized_shape);
        let y = x.standardize(axes.., self.eps);
        let y = match &self.weight {
            Some(weight) => y * weight,
            None => y,
        };
        match &self.bias {
            Some(bias) => y + bias,
            None => y,
        }
    }
}

/// The first of the last axes, counted from the end; they must have the sizes `normalized_shape`.
#[track_caller]
pub(crate) fn last_axes(layer: &str, x: &[usize], normalized_shape: &[usize]) -> isize {
    assert!(!normalized_shape.is_empty(), "{layer}: normalized_shape must name at least one axis");
    assert!(
        x.ends_with(normalized_shape),
        "{layer} of {x:?}: the last axes of the input must be the layer's normalized_shape, {normalized_shape:?}"
    );
    -(normalized_shape.len() as isize)
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init;

    type Norm = LayerNorm<f64>;

    #[test]
    fn the_tree_has_pytorchs_names() {
        let norm = Norm::new(&[2, 3]);
        let tree: Vec<_> = norm.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![2, 3]), ("bias".to_owned(), vec![2, 3])]);
        assert_eq!((norm.num_params(), norm.eps), (12, 1e-5));
        assert_eq!(Norm::new(&[3]).elementwise_affine(false).num_params(), 0);
        assert_eq!(Norm { bias: None, ..Norm::new(&[3]) }.num_params(), 3);
    }

    /// Deviations -1, 0, 1 of variance 2/3.
    #[test]
    fn by_hand() {
        let mut norm = Norm { eps: 0.0, ..Norm::new(&[3]) };
        norm.weight = Some(Tensor::param([1.0, 2.0, 3.0]));
        norm.bias = Some(Tensor::param([0.0, 5.0, -1.0]));
        let root = 1.5_f64.sqrt();
        for offset in [0.0, 1e9] {
            let y = norm.forward(&Tensor::from([[0.0, 1.0, 2.0], [8.0, 6.0, 4.0]].map(|row| row.map(|x| x + offset))));
            let expected = Tensor::from([[-root, 5.0, 3.0 * root - 1.0], [root, 5.0, -3.0 * root - 1.0]]);
            assert!((y - expected).abs().max().item() < 1e-14);
        }
        // Each row alone, in any number of them.
        assert_eq!(norm.forward(&Tensor::zeros(&[2, 0, 3])).shape(), [2, 0, 3]);
    }

    #[test]
    fn derivatives() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let cases: [(&[usize], &[usize]); 6] =
            [(&[3], &[3]), (&[2, 3], &[3]), (&[2, 2, 3], &[2, 3]), (&[0, 3], &[3]), (&[2, 1], &[1]), (&[2, 0], &[0])];
        for (shape, normalized_shape) in cases {
            let x = init::uniform(shape, -1.0..=1.0, &mut rng);
            let weight = init::uniform(normalized_shape, 0.5..=1.5, &mut rng);
            let bias = init::uniform(normalized_shape, -0.5..=0.5, &mut rng);
            let norm = Norm { eps: 0.1, ..Norm::new(normalized_shape) };
            let with = |w: Option<&Tensor<f64>>, b: Option<&Tensor<f64>>| Norm {
                weight: w.cloned(),
                bias: b.cloned(),
                ..norm.clone()
            };
            let affine = |[x, w, b]: [&Tensor<f64>; 3]| with(Some(w), Some(b)).forward(x);
            gradcheck(affine, [&x, &weight, &bias], Check::order(2)).unwrap();
            gradcheck(|[x, w]| with(Some(w), None).forward(x), [&x, &weight], Check::order(2)).unwrap();
            gradcheck(|[x]| with(None, None).forward(x), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(
        expected = "LayerNorm of [2, 3]: the last axes of the input must be the layer's normalized_shape, [4]"
    )]
    fn other_sizes() {
        Norm::new(&[4]).forward(&Tensor::zeros(&[2, 3]));
    }

    #[test]
    #[should_panic(expected = "LayerNorm: normalized_shape must name at least one axis")]
    fn no_axes() {
        Norm::new(&[]);
    }
}
