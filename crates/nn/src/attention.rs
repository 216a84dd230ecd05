//! Scaled dot-product attention: for each query, the mean of the values, weighted by how much their keys are like it.
//!
//! ```text
//! y = softmax(q·kᵀ·scale + mask)·v     scale = 1/√E for keys of size E; a row without any key to see gives 0
//! ```
//!
//! Vaswani et al., "Attention is all you need", arXiv 1706.03762.

use downhill_tensor::{Attention, Float, Tensor, training_rng, where_};
use ndarray::ArrayD;

use crate::dropout::mask;

/// What a query may see, and how much it prefers to. PyTorch's masks of `bool` have two meanings, depending on the
/// function; here the name says it.
///
/// A query that may see nothing gets zeros, and sends no gradient; PyTorch gives zeros or NaN, depending on the
/// function and its options.
#[derive(Clone, Debug)]
pub enum AttentionMask<F: Float = f32> {
    /// Where it is `true`, the key is seen: a mask of `scaled_dot_product_attention` in PyTorch.
    Keep(ArrayD<bool>),
    /// Where it is `true`, the key is hidden: a mask of `MultiheadAttention` in PyTorch.
    Ignore(ArrayD<bool>),
    /// Is added to the scores; -inf hides a key. It may be a parameter.
    Add(Tensor<F>),
}

impl<F: Float> AttentionMask<F> {
    /// What is added to the scores.
    #[track_caller]
    pub(crate) fn bias(&self) -> Tensor<F> {
        match self {
            AttentionMask::Keep(keep) => where_(keep, F::zero(), F::neg_infinity()),
            AttentionMask::Ignore(ignore) => where_(ignore, F::neg_infinity(), F::zero()),
            AttentionMask::Add(bias) => bias.clone(),
        }
    }
}

/// Scaled dot-product attention with its options. Without: [`scaled_dot_product_attention`].
///
/// ```
/// use downhill_nn::{AttentionMask, ScaledDotProductAttention};
/// use downhill_tensor::Tensor;
/// use ndarray::array;
///
/// let (q, k) = (Tensor::<f32>::zeros(&[2, 4]), Tensor::zeros(&[3, 4]));
/// let v = Tensor::from([[1.0], [2.0], [6.0]]);
/// let keep = array![[true, true, false], [false, false, false]].into_dyn();
/// let attention = ScaledDotProductAttention { attn_mask: Some(AttentionMask::Keep(keep)), ..Default::default() };
/// assert_eq!(attention.of(&q, &k, &v), Tensor::from([[1.5], [0.0]]));
/// let causal = ScaledDotProductAttention { is_causal: true, ..Default::default() };
/// assert_eq!(causal.of(&q, &k, &v), Tensor::from([[1.0], [1.5]]));
/// ```
#[derive(Clone, Debug)]
pub struct ScaledDotProductAttention<F: Float = f32> {
    /// Broadcasts to `[.., L, S]`.
    pub attn_mask: Option<AttentionMask<F>>,
    /// The probability that a weight is zeroed, within a [`training`](downhill_tensor::training) scope only.
    pub dropout_p: f64,
    /// Whether query `i` sees the keys up to `i` only; a mask may hide more.
    pub is_causal: bool,
    /// The factor of the scores; if `None`, `1/√E`.
    pub scale: Option<f64>,
}

impl<F: Float> Default for ScaledDotProductAttention<F> {
    fn default() -> Self {
        ScaledDotProductAttention { attn_mask: None, dropout_p: 0.0, is_causal: false, scale: None }
    }
}

/// Scaled dot-product attention, `softmax(q·kᵀ/√E)·v`: queries `[.., L, E]`, keys `[.., S, E]` and values `[.., S, V]`
/// with the same leading axes give `[.., L, V]`. With a mask or other options: [`ScaledDotProductAttention`].
///
/// The memory is linear in `L` and `S`, unless derivatives of its gradients are taken, the mask is trained, or weights
/// are dropped.
///
/// ```
/// use downhill_nn::scaled_dot_product_attention;
/// use downhill_tensor::Tensor;
/// // The query is like the second key.
/// let (q, k) = (Tensor::from([[0.0, 1e3]]), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
/// let v = Tensor::from([[10.0], [20.0]]);
/// assert_eq!(scaled_dot_product_attention(&q, &k, &v), Tensor::from([[20.0]]));
/// ```
///
/// # Panics
/// On a shape mismatch.
#[track_caller]
pub fn scaled_dot_product_attention<F: Float>(q: &Tensor<F>, k: &Tensor<F>, v: &Tensor<F>) -> Tensor<F> {
    ScaledDotProductAttention::default().of(q, k, v)
}

impl<F: Float> ScaledDotProductAttention<F> {
    /// The means of the values, `[.., L, V]`, for queries `[.., L, E]`, keys `[.., S, E]` and values `[.., S, V]`.
    ///
    /// # Panics
    /// On a shape mismatch, or if `dropout_p` is not in [0, 1].
    #[track_caller]
    pub fn of(&self, q: &Tensor<F>, k: &Tensor<F>, v: &Tensor<F>) -> Tensor<F> {
        let fits = match (q.shape(), k.shape(), v.shape()) {
            ([q_leading @ .., _, e], [k_leading @ .., s, k_e], [v_leading @ .., v_s, _]) => {
                q_leading == k_leading && q_leading == v_leading && e == k_e && s == v_s
            }
            _ => false,
        };
        assert!(
            fits,
            "scaled_dot_product_attention of {:?}, {:?} and {:?}: expected queries [.., L, E], keys [.., S, E] and values \
             [.., S, V] with the same leading axes",
            q.shape(),
            k.shape(),
            v.shape()
        );
        let (leading, last) = q.shape().split_at(q.ndim() - 2);
        let (samples, queries, keys) = (leading.iter().product::<usize>(), last[0], k.shape()[k.ndim() - 2]);
        let bias = match &self.attn_mask {
            Some(mask) => Some(by_sample(&mask.bias(), leading, [queries, keys])),
            None => None,
        };
        let kept = dropped("scaled_dot_product_attention", self.dropout_p, [samples, 1, queries, keys]);
        let attention = Attention { heads: 1, scale: self.scale, causal: self.is_causal, bias, kept };
        let rows = |x: &Tensor<F>| [samples, x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]];
        let y = attention.of(&q.reshape(&rows(q)), &k.reshape(&rows(k)), &v.reshape(&rows(v)));
        y.reshape(&[leading, &y.shape()[1..]].concat())
    }
}

/// A bias that broadcasts to `[*leading, queries, keys]` as one that broadcasts to `[samples, 1, queries, keys]`.
#[track_caller]
fn by_sample<F: Float>(bias: &Tensor<F>, leading: &[usize], [queries, keys]: [usize; 2]) -> Tensor<F> {
    let wanted = [leading, &[queries, keys]].concat();
    let fits = |(&n, &size): (&usize, &usize)| n == 1 || n == size;
    assert!(
        bias.ndim() <= wanted.len() && bias.shape().iter().rev().zip(wanted.iter().rev()).all(fits),
        "scaled_dot_product_attention: a mask of shape {:?} does not broadcast to [.., L, S] = {wanted:?}",
        bias.shape()
    );
    let mut shape = vec![1; wanted.len() - bias.ndim()];
    shape.extend_from_slice(bias.shape());
    let (of_samples, last) = shape.split_at(leading.len());
    if of_samples.iter().all(|&n| n == 1) {
        return bias.reshape(&[1, 1, last[0], last[1]]);
    }
    let stretched = bias.broadcast_to(&[leading, last].concat());
    stretched.reshape(&[leading.iter().product(), 1, last[0], last[1]])
}

/// In training, the factors of weights of which each is dropped with probability `p`.
#[track_caller]
pub(crate) fn dropped<F: Float>(what: &str, p: f64, shape: [usize; 4]) -> Option<Tensor<F>> {
    assert!((0.0..=1.0).contains(&p), "{what}: the dropout must be a probability in [0, 1], got {p}");
    if p == 0.0 { None } else { training_rng(|rng| mask(p, &shape, rng)) }
}

#[cfg(test)]
mod tests;
