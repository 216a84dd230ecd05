use downhill_tensor::{Check, gradcheck, training};
use ndarray::{Array2, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::init;

type Options = ScaledDotProductAttention<f64>;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn inputs(leading: &[usize], [l, s, e, v]: [usize; 4]) -> [Tensor<f64>; 3] {
    let mut rng = rng();
    [[l, e], [s, e], [s, v]].map(|last| init::uniform(&[leading, &last].concat(), -1.0..=1.0, &mut rng))
}

#[test]
fn derivatives() {
    let cases: [(&[usize], [usize; 4]); 6] = [
        (&[], [2, 3, 2, 2]),
        (&[2], [2, 2, 1, 2]),
        (&[2, 1], [1, 3, 2, 1]),
        (&[0], [2, 2, 2, 2]),
        (&[2], [2, 0, 2, 2]),
        (&[1], [0, 2, 2, 2]),
    ];
    for (leading, sizes) in cases {
        let [q, k, v] = inputs(leading, sizes);
        let mask = Array2::from_shape_fn((sizes[0], sizes[1]), |(i, j)| i == 0 || j != 1).into_dyn();
        let masks = [None, Some(AttentionMask::Keep(mask.clone())), Some(AttentionMask::Ignore(mask))];
        for (attn_mask, is_causal) in masks.into_iter().flat_map(|mask| [(mask.clone(), false), (mask, true)]) {
            let options = Options { attn_mask, is_causal, ..Options::default() };
            gradcheck(|[q, k, v]| options.of(q, k, v), [&q, &k, &v], Check::order(2)).unwrap();
        }
    }
}

/// Of a parameter that is added, for all samples or for each.
#[test]
fn derivatives_of_the_mask() {
    let [q, k, v] = inputs(&[2, 2], [2, 2, 1, 1]);
    for shape in [&[2, 2][..], &[2, 1, 1, 2], &[1, 1, 2, 1], &[2, 2, 2, 2]] {
        let bias = init::uniform(shape, -1.0..=1.0, &mut rng());
        let of = |bias: &Tensor<f64>| {
            Options { attn_mask: Some(AttentionMask::Add(bias.clone())), ..Options::default() }.of(&q, &k, &v)
        };
        gradcheck(|[bias]| of(bias), [&bias], Check::order(2)).unwrap();
    }
}

/// All keys are alike, so that the result is the mean of the values that are seen.
#[test]
fn means_by_hand() {
    let (q, k) = (Tensor::zeros(&[2, 2, 3]), Tensor::ones(&[2, 3, 3]));
    let v = Tensor::from([[[0.0], [3.0], [9.0]], [[1.0], [2.0], [4.0]]]);
    let of = |attn_mask| Options { attn_mask: Some(attn_mask), ..Options::default() }.of(&q, &k, &v);
    // One for both samples, and one for each.
    let shared = array![[true, false, true], [false, true, false]].into_dyn();
    assert_eq!(of(AttentionMask::Keep(shared.clone())).to_vec(), [4.5, 3.0, 2.5, 2.0]);
    assert_eq!(of(AttentionMask::Ignore(shared)).to_vec(), [3.0, 4.5, 2.0, 2.5]);
    let padding = array![[[true, true, false]], [[false, false, true]]].into_dyn();
    assert_eq!(of(AttentionMask::Keep(padding.clone())).to_vec(), [1.5, 1.5, 4.0, 4.0]);
    // Twice as much weight for the second.
    let y = of(AttentionMask::Add(Tensor::from([0.0, 2.0_f64.ln(), f64::NEG_INFINITY])));
    assert!((y - Tensor::from([[[2.0], [2.0]], [[5.0 / 3.0], [5.0 / 3.0]]])).abs().max().item() < 1e-15);
    // Both a mask and the causal order.
    let both = Options { attn_mask: Some(AttentionMask::Keep(padding)), is_causal: true, ..Options::default() };
    assert_eq!(both.of(&q, &k, &v).to_vec(), [0.0, 1.5, 0.0, 0.0]);
}

/// A query that sees nothing gets zeros and sends no gradient, alone or not.
#[test]
fn a_row_without_keys() {
    let [q, k, v] = inputs(&[], [2, 2, 3, 2]).map(Tensor::param);
    let keep = array![[false, false], [true, true]].into_dyn();
    let options = Options { attn_mask: Some(AttentionMask::Keep(keep)), ..Options::default() };
    let y = options.of(&q, &k, &v);
    assert_eq!(y.select(0, 0).to_vec(), [0.0, 0.0]);
    assert!(y.select(0, 1).to_vec().iter().all(|y| *y != 0.0));
    let grads = y.square().sum().backward();
    assert_eq!(grads[&q].select(0, 0), Tensor::zeros(&[3]));
    assert!([&q, &k, &v].into_iter().all(|x| grads[x].all_finite()));
}

/// In training, a weight is 0 or doubled; elsewhere nothing is dropped.
#[test]
fn dropout_of_weights() {
    let (q, k) = (Tensor::zeros(&[40, 1]), Tensor::zeros(&[1, 1]));
    let options = Options { dropout_p: 0.5, ..Options::default() };
    let v = Tensor::param([[3.0]]);
    let y = training(&mut v.clone(), &mut rng(), |_| options.of(&q, &k, &v));
    let dropped = y.to_vec().iter().filter(|y| **y == 0.0).count();
    assert!((5..35).contains(&dropped) && y.to_vec().iter().all(|y| [0.0, 6.0].contains(y)));
    assert_eq!(y.sum().backward()[&v].item(), 2.0 * (40 - dropped) as f64);
    assert_eq!(options.of(&q, &k, &v), Tensor::full(&[40, 1], 3.0));
}

#[test]
#[should_panic(expected = "scaled_dot_product_attention of [2, 3], [4, 5] and [4, 3]: expected queries [.., L, E]")]
fn other_features() {
    let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
    scaled_dot_product_attention(&zeros(&[2, 3]), &zeros(&[4, 5]), &zeros(&[4, 3]));
}

#[test]
#[should_panic(expected = "a mask of shape [3] does not broadcast to [.., L, S] = [2, 4]")]
fn another_mask() {
    let zeros = |shape: &[usize]| Tensor::<f32>::zeros(shape);
    let attn_mask = Some(AttentionMask::Add(zeros(&[3])));
    ScaledDotProductAttention { attn_mask, ..Default::default() }.of(&zeros(&[2, 3]), &zeros(&[4, 3]), &zeros(&[4, 3]));
}
