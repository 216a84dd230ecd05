//! A block of a transformer: self-attention and a network of two layers, each around a shortcut and with a normalization.
//!
//! ```text
//! norm first:  x = x + attention(norm1(x))      x = x + feed_forward(norm2(x))
//! norm last:   x = norm1(x + attention(x))      x = norm2(x + feed_forward(x))
//! ```
//!
//! Vaswani et al., "Attention is all you need", arXiv 1706.03762; norm first: Xiong et al., arXiv 2002.04745.

use downhill_tensor::{Float, Params, Tensor};
use rand::Rng;

use crate::{Activation, Dropout, LayerNorm, Linear, Module, MultiheadAttention, MultiheadOptions, Relu};

/// A block of a transformer, from `[L, N, E]` (or with [`batch_first`](Self::batch_first) `[N, L, E]`, or `[L, E]`) to
/// the same shape. As a [`Module`] without a mask; [`forward_masked`](Self::forward_masked) takes masks.
///
/// Names, initialization and defaults are PyTorch's: normalization last, `relu`, dropout 0.1.
///
/// ```
/// use downhill_nn::{Gelu, Module, MultiheadOptions, TransformerEncoderLayer};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let block = TransformerEncoderLayer::new(64, 4, 256, &mut rng).batch_first(true).dropout(0.0);
/// let block = TransformerEncoderLayer { norm_first: true, activation: Gelu.into(), ..block };
/// let x: Tensor = Tensor::randn(&[32, 10, 64], &mut rng);
/// assert_eq!(block.forward(&x).shape(), [32, 10, 64]);
/// let causal = MultiheadOptions { is_causal: true, ..MultiheadOptions::default() };
/// let y = block.forward_masked(&x, &causal);
/// // The first position sees only itself.
/// let alone = block.forward(&x.narrow(1, 0, 1));
/// assert!((y.narrow(1, 0, 1) - alone).abs().max().item() < 1e-5);
/// ```
#[derive(Clone, Debug, Params)]
pub struct TransformerEncoderLayer<F: Float = f32> {
    /// The attention.
    pub self_attn: MultiheadAttention<F>,
    /// The first layer of the network, from `E` features to more.
    pub linear1: Linear<F>,
    /// After the activation.
    #[params(skip)]
    pub dropout: Dropout,
    /// The second layer of the network, back to `E` features.
    pub linear2: Linear<F>,
    /// The normalization of the attention.
    pub norm1: LayerNorm<F>,
    /// The normalization of the network.
    pub norm2: LayerNorm<F>,
    /// After the attention.
    #[params(skip)]
    pub dropout1: Dropout,
    /// After the network.
    #[params(skip)]
    pub dropout2: Dropout,
    /// The activation of the network.
    #[params(skip)]
    pub activation: Activation,
    /// Whether each part begins with its normalization, and not ends with it.
    pub norm_first: bool,
}

impl<F: Float> TransformerEncoderLayer<F> {
    /// For `d_model` features, with `nhead` heads and `dim_feedforward` features between the two layers of the network
    /// (2048 in PyTorch, unless it is told otherwise).
    ///
    /// # Panics
    /// If `d_model` is not a multiple of `nhead`, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(d_model: usize, nhead: usize, dim_feedforward: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let layer = TransformerEncoderLayer {
            self_attn: MultiheadAttention::new(d_model, nhead, rng),
            linear1: Linear::new(d_model, dim_feedforward, rng),
            dropout: Dropout::default(),
            linear2: Linear::new(dim_feedforward, d_model, rng),
            norm1: LayerNorm::new(&[d_model]),
            norm2: LayerNorm::new(&[d_model]),
            dropout1: Dropout::default(),
            dropout2: Dropout::default(),
            activation: Relu.into(),
            norm_first: false,
        };
        layer.dropout(0.1)
    }

    /// With this probability of dropout everywhere: of the weights of the attention, and in its three other places.
    ///
    /// # Panics
    /// If `p` is not in [0, 1].
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        let dropout = Dropout::new(p);
        let self_attn = MultiheadAttention { dropout: p, ..self.self_attn };
        TransformerEncoderLayer { self_attn, dropout, dropout1: dropout, dropout2: dropout, ..self }
    }

    /// Whether the samples are the first axis, not the second.
    pub fn batch_first(self, batch_first: bool) -> Self {
        let self_attn = MultiheadAttention { batch_first, ..self.self_attn };
        TransformerEncoderLayer { self_attn, ..self }
    }

    /// The output under masks: in `options`, `attn_mask` is PyTorch's `src_mask`, and `key_padding_mask` its
    /// `src_key_padding_mask`.
    ///
    /// # Panics
    /// On a shape mismatch, or if a dropout is not in [0, 1].
    #[track_caller]
    pub fn forward_masked(&self, x: &Tensor<F>, options: &MultiheadOptions<F>) -> Tensor<F> {
        if self.norm_first {
            let x = x + self.attention(&self.norm1.forward(x), options);
            let y = self.feed_forward(&self.norm2.forward(&x));
            return x + y;
        }
        let x = self.norm1.forward(&(x + self.attention(x, options)));
        let y = self.feed_forward(&x);
        self.norm2.forward(&(x + y))
    }

    #[track_caller]
    fn attention(&self, x: &Tensor<F>, options: &MultiheadOptions<F>) -> Tensor<F> {
        self.dropout1.forward(&self.self_attn.self_attend(x, options).0)
    }

    #[track_caller]
    fn feed_forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let hidden = self.activation.forward(&self.linear1.forward(x));
        self.dropout2.forward(&self.linear2.forward(&self.dropout.forward(&hidden)))
    }
}

impl<F: Float> Module<F> for TransformerEncoderLayer<F> {
    /// # Panics
    /// If `x` has another number of features, or neither 2 nor 3 axes.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.forward_masked(x, &MultiheadOptions::default())
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck, gradcheck_model, training};
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{AttentionMask, Gelu};

    type Block = TransformerEncoderLayer<f64>;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn names_and_defaults_are_pytorchs() {
        let block = Block::new(4, 2, 6, &mut rng());
        let paths: Vec<String> = block.params().map(|(path, _)| path).collect();
        let expected = [
            "self_attn.in_proj_weight",
            "self_attn.in_proj_bias",
            "self_attn.out_proj.weight",
            "self_attn.out_proj.bias",
            "linear1.weight",
            "linear1.bias",
            "linear2.weight",
            "linear2.bias",
            "norm1.weight",
            "norm1.bias",
            "norm2.weight",
            "norm2.bias",
        ];
        assert_eq!(paths, expected);
        let probabilities = [block.dropout.p, block.dropout1.p, block.dropout2.p, block.self_attn.dropout];
        assert_eq!((probabilities, block.norm_first, block.self_attn.batch_first), ([0.1; 4], false, false));
        assert_eq!(block.activation, Relu.into());
    }

    #[test]
    fn derivatives() {
        let padding = array![[false, true], [false, false]].into_dyn();
        let masked = MultiheadOptions {
            key_padding_mask: Some(AttentionMask::Ignore(padding)),
            is_causal: true,
            ..MultiheadOptions::default()
        };
        for (norm_first, options) in [(true, MultiheadOptions::default()), (false, masked)] {
            let block = Block::new(4, 2, 3, &mut rng()).batch_first(true);
            let mut block = Block { norm_first, activation: Gelu.into(), ..block };
            let x = Tensor::randn(&[2, 2, 4], &mut rng());
            gradcheck(|[x]| block.forward_masked(x, &options), [&x], Check::order(2)).unwrap();
            let loss = |block: &Block| block.forward_masked(&x, &options).square().sum();
            gradcheck_model(&mut block, loss, Check::default()).unwrap();
        }
    }

    /// Without weights, norm first leaves the input as it is, and norm last normalizes it twice.
    #[test]
    fn shortcuts() {
        let mut block = Block::new(4, 2, 3, &mut rng());
        for (_, mut w) in
            block.self_attn.params_mut().chain(block.linear1.params_mut()).chain(block.linear2.params_mut())
        {
            w.assign(Tensor::zeros(w.shape()));
        }
        let x = Tensor::from([[1.0, -1.0, 1.0, -1.0], [6.0, 2.0, 2.0, 6.0]]);
        assert_eq!(Block { norm_first: true, ..block.clone() }.forward(&x), x);
        let expected = Tensor::from([[1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]]);
        assert!((block.forward(&x) - expected).abs().max().item() < 2e-5);
    }

    #[test]
    fn dropout_in_training_only() {
        let mut block = Block::new(4, 2, 3, &mut rng()).dropout(0.5);
        let x = Tensor::randn(&[3, 2, 4], &mut rng());
        assert_eq!(block.forward(&x), block.forward(&x));
        let mut rng = rng();
        let [a, b] = training(&mut block, &mut rng, |block| [block.forward(&x), block.forward(&x)]);
        assert!(a != b);
    }
}
