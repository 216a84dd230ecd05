//! Attention composed of other operations: for derivatives of its gradients, for a bias that is trained, and for the
//! weights.

use super::Attention;
use crate::{Float, Tensor, keep};

/// `[N, positions, heads·size]` as `[N, heads, positions, size]`.
#[track_caller]
fn split<F: Float>(x: &Tensor<F>, heads: usize) -> Tensor<F> {
    let &[samples, positions, width] = x.shape() else { unreachable!("checked") };
    x.reshape(&[samples, positions, heads, width / heads]).permute(&[0, 2, 1, 3])
}

/// The inverse of [`split`].
#[track_caller]
fn merge<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    let &[samples, heads, positions, size] = x.shape() else { unreachable!("four axes") };
    x.permute(&[0, 2, 1, 3]).reshape(&[samples, positions, heads * size])
}

#[track_caller]
pub(super) fn weights<F: Float>(of: &Attention<F>, q: &Tensor<F>, k: &Tensor<F>) -> Tensor<F> {
    let products = split(q, of.heads).matmul(&split(k, of.heads).transpose(-1, -2));
    let mut scores = products * F::from_f64(of.scale_of(q.shape()[2]));
    if let Some(bias) = &of.bias {
        scores += bias;
    }
    if of.causal {
        scores += causal_bias(q.shape()[1], k.shape()[1]);
    }
    scores.softmax_or_zero(-1)
}

/// -inf where a key comes after the query.
#[track_caller]
fn causal_bias<F: Float>(queries: usize, keys: usize) -> Tensor<F> {
    Tensor::appended(&[queries, keys], |elements| {
        for i in 0..queries {
            elements.extend((0..keys).map(|j| if j > i { F::neg_infinity() } else { F::zero() }));
        }
    })
}

#[track_caller]
pub(super) fn attention<F: Float>(of: &Attention<F>, [q, k, v]: [&Tensor<F>; 3]) -> Tensor<F> {
    merge(&kept(of, weights(of, q, k)).matmul(&split(v, of.heads)))
}

#[track_caller]
fn kept<F: Float>(of: &Attention<F>, weights: Tensor<F>) -> Tensor<F> {
    match &of.kept {
        Some(kept) => weights * kept,
        None => weights,
    }
}

/// The gradients with respect to queries, keys and values.
#[track_caller]
pub(super) fn gradients<F: Float>(of: &Attention<F>, [q, k, v]: [&Tensor<F>; 3], dy: &Tensor<F>) -> [Tensor<F>; 3] {
    let p = weights(of, q, k);
    let scale = F::from_f64(of.scale_of(q.shape()[2]));
    let [q, k, v, dy] = [q, k, v, dy].map(|x| split(x, of.heads));
    let d = kept(of, dy.matmul(&v.transpose(-1, -2)));
    let dv = kept(of, p.clone()).transpose(-1, -2).matmul(&dy);
    let slopes = &p * (&d - (&d * &p).sum_axis(keep(-1))) * scale;
    [merge(&slopes.matmul(&k)), merge(&slopes.transpose(-1, -2).matmul(&q)), merge(&dv)]
}
