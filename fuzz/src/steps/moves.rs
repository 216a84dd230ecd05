//! More steps of a program: order, moving elements, and products over named axes.

use downhill_tensor::{Float, Interpolation, Tensor, einsum};
use ndarray::ArrayD;

use crate::random::Random;
use crate::shapes::{self, axis, position};
use crate::steps::axes;

/// Small, extreme, or anything around the size of an axis.
fn offset(random: &mut Random, size: usize) -> isize {
    match random.below(12) {
        0 => random.pick(&[isize::MIN, isize::MAX, -isize::MAX, 1 << 45, -(1 << 45)]),
        _ => random.below(2 * size.min(20) + 3) as isize - size.min(20) as isize - 1,
    }
}

fn some_size<F: Float>(random: &mut Random, x: &Tensor<F>) -> usize {
    if x.ndim() > 0 { x.shape()[random.below(x.ndim())] } else { 5 }
}

pub(crate) fn ordered<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let along = axis(random, x.ndim());
    let size = some_size(random, x);
    match random.below(8) {
        0 => x.sort(along, random.once_in(2)).0,
        1 => Tensor::from(x.argsort(along, random.once_in(2)).mapv(|place| F::from_f64(place as f64))),
        2..4 => {
            x.topk(if random.once_in(8) { position(random, size) } else { random.below(4) }, along, random.once_in(2)).0
        }
        4 => x.median_axis(axes(random, x.ndim())),
        5 => {
            let q = random.pick(&[0.0, 0.25, 0.5, 0.9, 1.0, 1.5, f64::NAN]);
            let ways = [
                Interpolation::Linear,
                Interpolation::Lower,
                Interpolation::Higher,
                Interpolation::Nearest,
                Interpolation::Midpoint,
            ];
            x.quantile_with(q, random.pick(&ways), axes(random, x.ndim()))
        }
        6 => x.cumprod(along),
        _ => x.logcumsumexp(along),
    }
}

/// Returns nothing if the result would be too large for a small machine.
pub(crate) fn moved<F: Float>(random: &mut Random, x: &Tensor<F>) -> Vec<Tensor<F>> {
    let (a, b) = (axis(random, x.ndim()), axis(random, x.ndim()));
    let size = some_size(random, x);
    let fits = |more: u128| shapes::is_allowed(shapes::elements(x.shape()).saturating_mul(more));
    let one = match random.below(12) {
        0 => x.tril(offset(random, size)),
        1 => x.triu(offset(random, size)),
        2 => x.roll(offset(random, size), a),
        3 => x.movedim(a, b),
        4 => x.swapaxes(a, b),
        5 => x.diagonal(offset(random, size), a, b),
        6 => {
            let offset = offset(random, size);
            let side = x.shape().last().map_or(1, |&n| n as u128) + offset.unsigned_abs() as u128;
            let result =
                shapes::elements(&x.shape()[..x.ndim().saturating_sub(1)]).saturating_mul(side.saturating_mul(side));
            if !shapes::is_allowed(result) {
                return Vec::new();
            }
            if x.ndim() < 3 && random.once_in(2) { x.diag(offset) } else { x.diag_embed(offset) }
        }
        7 => {
            let repeats = random.some(5, |random| if random.once_in(30) { shapes::ABSURD } else { random.below(4) });
            if !fits(shapes::elements(&repeats)) {
                return Vec::new();
            }
            if random.once_in(2) { x.repeat(&repeats) } else { x.tile(&repeats) }
        }
        8 => {
            let length = if random.once_in(2) { 1 } else { size.min(20) };
            let repeats =
                random.list(length, |random| if random.once_in(60) { shapes::ABSURD } else { random.below(4) });
            if !fits(repeats.iter().map(|&n| n as u128).sum::<u128>()) {
                return Vec::new();
            }
            x.repeat_interleave(&repeats, a)
        }
        9 if x.shape().iter().all(|&n| n < 100) => return x.unbind(a),
        10 => {
            let shape: Vec<usize> = if random.once_in(2) { vec![size.min(70)] } else { x.shape().to_vec() };
            if !shapes::is_allowed(shapes::elements(&shape))
                || shapes::elements(&shape) >= shapes::ABSURD as u128
                || !fits(70)
            {
                return Vec::new();
            }
            x.masked_fill(&ArrayD::from_elem(shape, random.once_in(2)), F::from_f64(random.element()))
        }
        _ => {
            assert!(x.is_nan().len() == x.is_inf().len() && x.is_finite().shape() == x.shape());
            x.nan_to_num()
        }
    };
    vec![one]
}

/// Returns nothing if the result would be too large for a small machine.
pub(crate) fn contracted<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
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
