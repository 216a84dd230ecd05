//! Products: of matrices, over named axes, and in attention.

use downhill_tensor::{Attention, Float, Tensor, einsum};

use crate::random::Random;
use crate::shapes::{self, axis};

pub(super) fn product<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>, z: &Tensor<F>) -> Vec<Tensor<F>> {
    if random.once_in(200) {
        return vec![shared_product(random)];
    }
    let last = x.shape().last().copied().unwrap_or(1);
    // Usually an operand whose inner dimension matches.
    let width = if random.once_in(16) { random.pick(&[shapes::ABSURD, 1 << 60]) } else { random.below(40) };
    let fits = last <= 4096 && width <= 40;
    let other = match random.below(8) {
        0 => y.clone(),
        1 if x.ndim() > 1 => x.transpose(-1, -2),
        2 if fits => Tensor::param(Tensor::ones(&[last])),
        3 if fits => Tensor::ones(&[2, last, width]),
        _ if fits || last == 0 => Tensor::param(Tensor::full(&[width, last], F::from_f64(0.5))).t(),
        _ => y.clone(),
    };
    let (rows, columns) = (shapes::elements(x.shape()), shapes::elements(other.shape()));
    let result = (rows / last.max(1) as u128).saturating_mul(columns / last.max(1) as u128);
    if !shapes::is_allowed(result) {
        return Vec::new();
    }
    match random.below(4) {
        0 if other.ndim() == 2 => {
            let bias = if random.once_in(8) { z.clone() } else { Tensor::ones(&[other.shape()[1]]) };
            vec![x.linear(&other.t(), (!random.once_in(3)).then_some(&bias))]
        }
        _ => vec![x.matmul(&other)],
    }
}

/// A product large enough to be split among the threads, of operands with random layouts.
fn shared_product<F: Float>(random: &mut Random) -> Tensor<F> {
    let mut side = |most: usize| 140 + random.below(most);
    let (m, k, n, gap) = (side(40), side(40), side(40), side(3) - 139);
    let matrix = |rows: usize, columns: usize| {
        let wide = Tensor::full(&[rows * gap, columns], F::from_f64(0.25));
        wide.slice(ndarray::s![..;gap as isize, ..])
    };
    let zero = Tensor::param(F::zero());
    let (a, b) = (&matrix(m, k) + &zero, if random.once_in(2) { matrix(n, k) } else { matrix(k, n).t() });
    let b = if random.once_in(2) { Tensor::param(b) } else { b };
    let row = a.select(0, random.below(m)).matmul(&b.t()).sum();
    let y = if random.once_in(2) { a.matmul(&b.t()) } else { a.linear(&b, None) };
    let gradients = (y.mean() + row).backward();
    gradients.get(&b).map_or(y, Clone::clone).sum()
}

/// Returns nothing if the result would be too large for a small machine.
pub(super) fn contracted<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
    let other = if random.once_in(2) { x } else { y };
    // Larger than any intermediate result.
    let most = shapes::elements(x.shape()).saturating_mul(shapes::elements(other.shape()));
    if !shapes::is_allowed(most) {
        return Vec::new();
    }
    let one = match random.below(6) {
        0 => x.dot(other),
        1 => x.outer(other),
        2 => {
            let list = |random: &mut Random, x: &Tensor<F>| random.some(3, |random| axis(random, x.ndim()));
            let (mine, its) = (list(random, x), list(random, other));
            x.tensordot(other, &mine, &its)
        }
        3 => x.cosine_similarity(other, axis(random, x.ndim()), F::from_f64(random.pick(&[1e-8, 0.0, -1.0]))),
        4 => x.cdist(other, F::from_f64(random.pick(&[0.0, 1.0, 2.0, 3.0, 0.5, f64::INFINITY, f64::NAN]))),
        _ => {
            let letters = |random: &mut Random, x: &Tensor<F>| -> String {
                let term = (0..x.ndim().min(5)).map(|_| random.pick(&['i', 'j', 'k', 'l'])).collect();
                if random.once_in(4) { format!("{term}...") } else { term }
            };
            let (a, b) = (letters(random, x), letters(random, other));
            let end = random.pick(&["", "->", "->i", "->...", "->ji", "->i...j"]);
            einsum(&format!("{a},{b}{end}"), &[x, other])
        }
    };
    vec![one]
}

/// Attention of a tensor to itself, usually with as many axes as it needs.
pub(super) fn attended<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    // The work grows with the square of the number of positions.
    let x = match x.ndim() {
        0 => x.clone(),
        _ if x.len() > 1 << 12 => return x.mean(),
        1 => x.reshape((1, 1, -1)),
        2 => x.unsqueeze(random.below(3)),
        _ => x.clone(),
    };
    let mut of = Attention::new(random.pick(&[1, 1, 2, 3, 0, usize::MAX]));
    of.causal = random.once_in(2);
    of.bias = random.once_in(3).then(|| Tensor::from(F::from_f64(random.pick(&[0.0, f64::NEG_INFINITY]))));
    match random.below(4) {
        0 => of.of_packed(&x),
        1 if x.shape().iter().all(|&n| n < 100) => of.weights(&x, &x),
        _ => of.of(&x, &x, &x),
    }
}
