//! Elements that move: triangles and diagonals, rolling, repeating, indices.

use downhill_tensor::{Float, Tensor};
use ndarray::ArrayD;

use crate::arrays;
use crate::random::Random;
use crate::shapes::{self, axis, position, some_size};

/// Returns nothing if the result would be too large for a small machine.
pub(super) fn moved<F: Float>(random: &mut Random, x: &Tensor<F>) -> Vec<Tensor<F>> {
    let (a, b) = (axis(random, x.ndim()), axis(random, x.ndim()));
    let size = some_size(random, x.shape());
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

pub(super) fn indexed<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
    let along = axis(random, x.ndim());
    let resolved = if along < 0 { along.wrapping_add(x.ndim() as isize) } else { along } as usize;
    let size = x.shape().get(resolved).copied().unwrap_or(3);
    if random.once_in(3) {
        let list = random.some(7, |random| match random.below(50) {
            0 => position(random, size),
            _ => random.below(size.clamp(1, 100)),
        });
        return x.index_select(along, &list);
    }
    let indices = arrays::indices(random, x.shape(), resolved);
    if random.once_in(2) {
        return x.gather(along, &indices);
    }
    let source = if random.once_in(8) { y.clone() } else { Tensor::param(Tensor::ones(indices.shape())) };
    x.scatter_add(along, &indices, &source)
}

/// Small, extreme, or anything around the size of an axis.
fn offset(random: &mut Random, size: usize) -> isize {
    match random.below(12) {
        0 => random.pick(&[isize::MIN, isize::MAX, -isize::MAX, 1 << 45, -(1 << 45)]),
        _ => random.below(2 * size.min(20) + 3) as isize - size.min(20) as isize - 1,
    }
}
