use ndarray::Dimension;

use super::*;
use crate::sweep::{self, Domain};
use crate::{grad, no_grad, where_};

/// Waves of this shape.
fn wave(shape: &[usize], step: f64) -> Tensor<f64> {
    let count = shape.iter().product::<usize>();
    Tensor::from((0..count).map(|i| (i as f64 * step + 0.3).sin()).collect::<Vec<f64>>()).reshape(shape)
}

/// Some keys are hidden, and from the second query all.
fn mask(shape: &[usize]) -> Tensor<f64> {
    let hidden = ndarray::ArrayD::from_shape_fn(shape, |at| {
        let n = at.ndim();
        at[n - 1] == 1 || n > 1 && at[n - 2] == 1
    });
    where_(&hidden, f64::NEG_INFINITY, wave(shape, 0.9))
}

/// The options to try for so many samples, heads, queries and keys.
pub(super) fn options([samples, heads, queries, keys]: [usize; 4]) -> Vec<Attention<f64>> {
    let plain = Attention::new(heads);
    let kept = wave(&[samples, heads, queries, keys], 1.3).gt(0.0).mapv(|kept| if kept { 1.25 } else { 0.0 });
    let mut list = vec![plain.clone(), Attention { causal: true, scale: Some(0.3), ..plain.clone() }];
    list.push(Attention { kept: Some(Tensor::from(kept)), ..plain.clone() });
    for shape in
        [&[queries, keys][..], &[samples, 1, 1, keys], &[samples, heads, queries, keys], &[1, heads, queries, 1]]
    {
        list.push(Attention { bias: Some(mask(shape)), ..plain.clone() });
    }
    list
}

/// The gradients of a backward pass, which nobody differentiates again, come from the kernel.
#[test]
fn the_kernels_gradients_are_the_recorded_ones() {
    for [n, h, l, s, e, v] in [[2, 2, 5, 7, 3, 4], [1, 4, 33, 33, 16, 16], [2, 1, 3, 0, 2, 2], [1, 1, 70, 600, 2, 1]] {
        for of in options([n, h, l, s]) {
            let inputs = [[n, l, h * e], [n, s, h * e], [n, s, h * v]].map(|shape| Tensor::param(wave(&shape, 0.7)));
            let [q, k, v] = inputs.each_ref();
            let direction = wave(&[n, l, h * v.shape()[2] / h], 1.1);
            let loss = || (of.of(q, k, v) * &direction).sum();
            assert!((no_grad(loss) - composed_loss(&of, [q, k, v], &direction)).abs().item() < 1e-11);
            assert_close(&loss(), [q, k, v]);
        }
    }
    for of in options([2, 3, 5, 5]) {
        let x = Tensor::param(wave(&[2, 5, 3 * 3 * 4], 0.7));
        let loss = || (of.of_packed(&x) * wave(&[2, 5, 12], 1.1)).sum();
        assert_close(&loss(), [&x]);
        let [q, k, v] = packed::unpacked(&x);
        assert!((loss() - (of.of(&q, &k, &v) * wave(&[2, 5, 12], 1.1)).sum()).abs().item() < 1e-12);
    }
}

fn composed_loss(of: &Attention<f64>, inputs: [&Tensor<f64>; 3], direction: &Tensor<f64>) -> Tensor<f64> {
    no_grad(|| (composed::attention(of, inputs) * direction).sum())
}

fn assert_close<const N: usize>(loss: &Tensor<f64>, inputs: [&Tensor<f64>; N]) {
    let recorded = grad(loss, inputs);
    let ours = loss.backward_retain_graph();
    for (recorded, x) in recorded.iter().zip(inputs) {
        let off = (&ours[x] - recorded).abs().to_vec().into_iter().fold(0.0, f64::max);
        assert!(off < 1e-12, "{:?}: {off:e}", x.shape());
    }
}

/// Two keys that are equally alike, one of them hidden, or both.
#[test]
fn by_hand() {
    let q = Tensor::param([[[1.0, 0.0], [0.0, 5.0]]]);
    let k = Tensor::param([[[2.0, 1.0], [2.0, -1.0]]]);
    let v = Tensor::param([[[1.0], [3.0]]]);
    let of = Attention { scale: Some(1.0), ..Attention::new(1) };
    // The second query prefers the first key by a factor of e¹⁰.
    let second = (1.0 + 3.0 * (-10.0_f64).exp()) / (1.0 + (-10.0_f64).exp());
    assert_eq!(of.of(&q, &k, &v).select(1, 0).item(), 2.0);
    assert!((of.of(&q, &k, &v).select(1, 1).item() - second).abs() < 1e-15);
    assert_eq!(Attention { causal: true, ..of.clone() }.of(&q, &k, &v).select(1, 0).item(), 1.0);
    let hidden = Tensor::from([f64::NEG_INFINITY, 0.0]);
    assert_eq!(Attention { bias: Some(hidden), ..of.clone() }.of(&q, &k, &v).to_vec(), [3.0, 3.0]);
    let all = Attention { bias: Some(Tensor::from(f64::NEG_INFINITY)), ..of.clone() };
    let y = all.of(&q, &k, &v);
    assert_eq!((y.to_vec(), all.weights(&q, &k).to_vec()), (vec![0.0; 2], vec![0.0; 4]));
    let grads = y.sum().backward();
    assert!([&q, &k, &v].into_iter().all(|x| grads[x] == Tensor::zeros(x.shape())));
    assert_eq!(of.weights(&q, &k).select(2, 0).to_vec(), [0.5, 0.5]);
}

/// A bias that is trained, such as one for each distance.
#[test]
fn a_trained_bias() {
    let [q, k, v] = [0.3, 0.5, 0.7].map(|step| wave(&[1, 2, 4], step));
    for shape in [&[2, 2][..], &[2, 1, 1], &[1]] {
        sweep::shapes("attention with a bias", &[shape], Domain::between(-1.0, 1.0), |bias| {
            Attention { bias: Some(bias.clone()), ..Attention::new(2) }.of(&q, &k, &v)
        });
    }
    let qkv = crate::concat(&[&q, &k, &v], -1);
    let bias = Tensor::param([[0.5, -1.0], [0.25, 2.0]]);
    let of = Attention { bias: Some(bias), ..Attention::new(2) };
    assert_eq!(of.of_packed(&qkv), of.of(&q, &k, &v));
}

/// Scores far out do not overflow, and NaN is not hidden.
#[test]
fn extremes() {
    let (q, v) = (Tensor::from([[[1e300]]]), Tensor::from([[[1.0], [2.0]]]));
    let of = Attention::new(1);
    assert_eq!(of.of(&q, &Tensor::from([[[1.0], [-1.0]]]), &v).item(), 1.0);
    assert!(of.of(&q, &Tensor::from([[[f64::NAN], [1.0]]]), &v).item().is_nan());
    assert!(of.of(&Tensor::from([[[f64::INFINITY]]]), &Tensor::from([[[1.0], [0.0]]]), &v).item().is_nan());
}

#[test]
#[should_panic(expected = "attention of [2, 3, 4] and [2, 5, 6] and [2, 5, 4]: expected queries [N, L, E]")]
fn other_features() {
    let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
    Attention::new(1).of(&zeros(&[2, 3, 4]), &zeros(&[2, 5, 6]), &zeros(&[2, 5, 4]));
}

#[test]
#[should_panic(expected = "packed_attention of [2, 3, 12]: 4 and 4 features cannot be divided among 3 heads")]
fn uneven_heads() {
    Attention::new(3).of_packed(&Tensor::<f32>::zeros(&[2, 3, 12]));
}

#[test]
#[should_panic(expected = "a bias of shape [4] does not broadcast to [N, heads, L, S] = [2, 1, 3, 5]")]
fn another_bias() {
    let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
    let of = Attention { bias: Some(zeros(&[4])), ..Attention::new(1) };
    of.of(&zeros(&[2, 3, 4]), &zeros(&[2, 5, 4]), &zeros(&[2, 5, 4]));
}
