//! Attention of several heads: queries, keys and values are projected, each head attends with its part of them, and the
//! results are projected together.
//!
//! Vaswani et al., "Attention is all you need", arXiv 1706.03762.

use downhill_tensor::{Attention, Float, Params, Tensor, checked_size};
use rand::Rng;

use crate::attention::dropped;
use crate::{AttentionMask, Linear, Module, init};

/// Attention of several heads. As a [`Module`] it is self-attention without a mask; [`self_attend`](Self::self_attend)
/// takes masks, and [`attend`](Self::attend) other keys and values, too.
///
/// Names, layout, initialization and defaults are PyTorch's: inputs are `[L, N, E]`, or with `batch_first` `[N, L, E]`,
/// or `[L, E]` for a single sample. `in_proj_weight` is drawn from Xavier's uniform distribution, the biases are 0.
///
/// ```
/// use downhill_nn::{Module, MultiheadAttention};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let attention = MultiheadAttention { batch_first: true, ..MultiheadAttention::new(64, 4, &mut rng) };
/// let x: Tensor = Tensor::randn(&[32, 10, 64], &mut rng);
/// assert_eq!(attention.forward(&x).shape(), [32, 10, 64]);
/// let memory = Tensor::randn(&[32, 7, 64], &mut rng);
/// let (y, _) = attention.attend(&x, &memory, &memory, &Default::default());
/// assert_eq!(y.shape(), [32, 10, 64]);
/// ```
///
/// A query that may see no key attends to nothing: its result is that of the output's projection of zeros, and not NaN as
/// in PyTorch. Of PyTorch's options, `kdim` and `vdim` (project keys and values of another size with a
/// [`Linear`] layer first), `add_bias_kv` and `add_zero_attn` are left out.
#[derive(Clone, Debug, Params)]
pub struct MultiheadAttention<F: Float = f32> {
    /// `[3·E, E]`: the projections of queries, keys and values.
    pub in_proj_weight: Tensor<F>,
    /// `[3·E]`.
    pub in_proj_bias: Option<Tensor<F>>,
    /// The projection of the results.
    pub out_proj: Linear<F>,
    /// The number of heads, of which `E` is a multiple.
    pub num_heads: usize,
    /// The probability that a weight is zeroed in training.
    pub dropout: f64,
    /// Whether the samples are the first axis, not the second.
    pub batch_first: bool,
}

/// What [`MultiheadAttention`] may see, and whether it returns its weights.
#[derive(Clone, Debug)]
pub struct MultiheadOptions<F: Float = f32> {
    /// `[N, S]`, or `[S]` for a single sample: which keys are padding, usually [`AttentionMask::Ignore`].
    pub key_padding_mask: Option<AttentionMask<F>>,
    /// `[L, S]`, or `[N·heads, L, S]`.
    pub attn_mask: Option<AttentionMask<F>>,
    /// Whether query `i` sees the keys up to `i` only; masks may hide more.
    pub is_causal: bool,
    /// Whether the weights are returned; by default, unlike in PyTorch, they are not, since there are `L·S` of them.
    pub need_weights: bool,
    /// Whether the weights are averaged over the heads: `[N, L, S]`, otherwise `[N, heads, L, S]`.
    pub average_attn_weights: bool,
}

impl<F: Float> Default for MultiheadOptions<F> {
    fn default() -> Self {
        MultiheadOptions {
            key_padding_mask: None,
            attn_mask: None,
            is_causal: false,
            need_weights: false,
            average_attn_weights: true,
        }
    }
}

impl<F: Float> MultiheadAttention<F> {
    /// With `num_heads` heads for inputs and outputs of `embed_dim` features, without dropout.
    ///
    /// # Panics
    /// If `embed_dim` is not a multiple of `num_heads`, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(embed_dim: usize, num_heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let attention = Self::without_bias(embed_dim, num_heads, rng);
        let zeros = |size: usize| Some(Tensor::param(Tensor::zeros(&[size])));
        let out_proj = Linear { bias: zeros(embed_dim), ..attention.out_proj };
        MultiheadAttention { in_proj_bias: zeros(3 * embed_dim), out_proj, ..attention }
    }

    /// [`new`](Self::new) without biases.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(embed_dim: usize, num_heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            num_heads > 0 && embed_dim > 0 && embed_dim.is_multiple_of(num_heads),
            "MultiheadAttention: {embed_dim} features cannot be divided among {num_heads} heads"
        );
        let shape = [embed_dim.saturating_mul(3), embed_dim];
        checked_size::<F>("MultiheadAttention", &shape);
        MultiheadAttention {
            in_proj_weight: Tensor::param(init::xavier_uniform(&shape, 1.0, rng)),
            in_proj_bias: None,
            out_proj: Linear::without_bias(embed_dim, embed_dim, rng),
            num_heads,
            dropout: 0.0,
            batch_first: false,
        }
    }

    /// Attention of `x` to itself: the result, with the shape of `x`, and the weights, if they are asked for.
    ///
    /// # Panics
    /// On a shape mismatch, or if `dropout` is not in [0, 1].
    #[track_caller]
    pub fn self_attend(&self, x: &Tensor<F>, options: &MultiheadOptions<F>) -> (Tensor<F>, Option<Tensor<F>>) {
        let rows = self.samples_first([x; 3])[0].clone();
        let attention = self.masked([&rows; 3], options);
        let packed = rows.linear(&self.in_proj_weight, self.in_proj_bias.as_ref());
        let weights = if options.need_weights {
            let width = rows.shape()[2];
            Some(attention.weights(&packed.narrow(-1, 0, width), &packed.narrow(-1, width, width)))
        } else {
            None
        };
        self.finish(attention.of_packed(&packed), weights, x, &attention, options)
    }

    /// Attention of `query` to `key`, whose values are `value`: the result, with the shape of `query`, and the weights,
    /// if they are asked for. [`self_attend`](Self::self_attend) is faster where all three are the same.
    ///
    /// # Panics
    /// On a shape mismatch, or if `dropout` is not in [0, 1].
    #[track_caller]
    pub fn attend(
        &self,
        query: &Tensor<F>,
        key: &Tensor<F>,
        value: &Tensor<F>,
        options: &MultiheadOptions<F>,
    ) -> (Tensor<F>, Option<Tensor<F>>) {
        let [q, k, v] = self.samples_first([query, key, value]);
        let attention = self.masked([&q, &k, &v], options);
        let width = q.shape()[2];
        let mut projected = Vec::with_capacity(3);
        for (number, x) in [q, k, v].into_iter().enumerate() {
            let weight = self.in_proj_weight.narrow(0, number * width, width);
            let bias = self.in_proj_bias.as_ref().map(|bias| bias.narrow(0, number * width, width));
            projected.push(x.linear(&weight, bias.as_ref()));
        }
        let weights = options.need_weights.then(|| attention.weights(&projected[0], &projected[1]));
        let y = attention.of(&projected[0], &projected[1], &projected[2]);
        self.finish(y, weights, query, &attention, options)
    }

    /// The inputs as `[N, positions, E]`.
    #[track_caller]
    fn samples_first(&self, inputs: [&Tensor<F>; 3]) -> [Tensor<F>; 3] {
        let embed_dim = self.out_proj.weight.shape().first().copied().unwrap_or(0);
        let shapes = inputs.map(Tensor::shape);
        let ndim = shapes[0].len();
        let fits = shapes.iter().all(|shape| shape.len() == ndim && shape.last() == Some(&embed_dim));
        assert!(
            fits && matches!(ndim, 2 | 3) && self.in_proj_weight.shape() == [3 * embed_dim, embed_dim],
            "MultiheadAttention of {:?}, {:?} and {:?}: the inputs must be {} or [L, {embed_dim}], all with the same number \
             of axes",
            shapes[0],
            shapes[1],
            shapes[2],
            if self.batch_first { format!("[N, L, {embed_dim}]") } else { format!("[L, N, {embed_dim}]") },
        );
        inputs.map(|x| match (ndim, self.batch_first) {
            (2, _) => x.unsqueeze(0),
            (_, true) => x.clone(),
            _ => x.transpose(0, 1),
        })
    }

    /// The attention with its masks, for inputs `[N, positions, E]`.
    #[track_caller]
    fn masked(&self, [q, k, v]: [&Tensor<F>; 3], options: &MultiheadOptions<F>) -> Attention<F> {
        let (samples, queries, keys, heads) = (q.shape()[0], q.shape()[1], k.shape()[1], self.num_heads);
        assert!(
            k.shape()[0] == samples && v.shape()[..2] == k.shape()[..2],
            "MultiheadAttention: {samples} samples of queries, {} of {keys} keys and {} of {} values do not fit",
            k.shape()[0],
            v.shape()[0],
            v.shape()[1]
        );
        let mut bias = None;
        if let Some(mask) = &options.attn_mask {
            let mask = mask.bias();
            let shape = match *mask.shape() {
                [l, s] if [l, s] == [queries, keys] => [1, 1, l, s],
                [n, l, s] if [n, l, s] == [samples * heads, queries, keys] => [samples, heads, l, s],
                _ => panic!(
                    "MultiheadAttention: attn_mask has shape {:?}, but must be [L, S] = [{queries}, {keys}] or \
                     [N·heads, L, S] = [{}, {queries}, {keys}]",
                    mask.shape(),
                    samples * heads
                ),
            };
            bias = Some(mask.reshape(&shape));
        }
        if let Some(mask) = &options.key_padding_mask {
            let mask = mask.bias();
            let fits = mask.shape() == [samples, keys] || samples == 1 && mask.shape() == [keys];
            assert!(
                fits,
                "MultiheadAttention: key_padding_mask has shape {:?}, but must be [N, S] = [{samples}, {keys}]",
                mask.shape()
            );
            let mask = mask.reshape(&[samples, 1, 1, keys]);
            bias = Some(match bias {
                Some(bias) => bias + mask,
                None => mask,
            });
        }
        let kept = dropped("MultiheadAttention", self.dropout, [samples, heads, queries, keys]);
        Attention { heads, scale: None, causal: options.is_causal, bias, kept }
    }

    /// Projects the results, `[N, L, E]`, and brings them into the shape of the queries.
    #[track_caller]
    fn finish(
        &self,
        y: Tensor<F>,
        weights: Option<Tensor<F>>,
        query: &Tensor<F>,
        attention: &Attention<F>,
        options: &MultiheadOptions<F>,
    ) -> (Tensor<F>, Option<Tensor<F>>) {
        let y = self.out_proj.forward(&y);
        let single = query.ndim() == 2;
        let y = match self.batch_first {
            _ if single => y.reshape(query.shape()),
            true => y,
            false => y.transpose(0, 1),
        };
        let Some(mut weights) = weights else { return (y, None) };
        if let Some(kept) = &attention.kept {
            weights *= kept;
        }
        if options.average_attn_weights {
            weights = weights.mean_axis(1);
        }
        (y, Some(if single { weights.select(0, 0) } else { weights }))
    }
}

impl<F: Float> Module<F> for MultiheadAttention<F> {
    /// Self-attention without a mask.
    ///
    /// # Panics
    /// If `x` has another number of features, or neither 2 nor 3 axes.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.self_attend(x, &MultiheadOptions::default()).0
    }
}

#[cfg(test)]
mod tests;
