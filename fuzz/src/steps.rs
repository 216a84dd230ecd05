//! The steps of a program: every public operation, with valid and invalid arguments.

use downhill_tensor::{Attention, Axes, Float, Tensor, concat, keep, stack, where_};
use ndarray::{ArrayD, SliceInfoElem};

use crate::convolutions;
use crate::planes;
use crate::random::Random;
use crate::shapes::{self, axis, position};
use crate::weird;
use crate::{arrays, more};

/// Applies an operation to tensors of the pool. Returns its results, or nothing if they would be too large for a small
/// machine.
pub(crate) fn step<F: Float>(random: &mut Random, pool: &[Tensor<F>]) -> Vec<Tensor<F>> {
    let (x, y, z) = (&random.pick(pool), &random.pick(pool), &random.pick(pool));
    let one = match random.below(27) {
        0 => return made(random),
        1..4 => unary(random, x),
        4..7 => return binary(random, x, y),
        7..9 => reduced(random, x),
        9..12 => reshaped(random, x),
        12 => return pieces(random, x),
        13..15 => sliced(random, x),
        15 => return joined(random, &[x, y, z]),
        16 => indexed(random, x, y),
        17 => return product(random, x, y, z),
        18 => return chosen(random, x, y, z),
        19..21 => more::ordered(random, x),
        21 => return more::moved(random, x),
        22..24 => return more::contracted(random, x, y),
        24 => planes::apply_one(random, x),
        25 => return convolutions::apply_one(random, x, y),
        _ => return weird::apply_one(random, x, y),
    };
    vec![one]
}

/// A tensor made by a constructor.
pub(crate) fn made<F: Float>(random: &mut Random) -> Vec<Tensor<F>> {
    let shape = if random.once_in(3) { shapes::any(random) } else { shapes::small(random) };
    let value = F::from_f64(random.element());
    let made = match random.below(10) {
        0 => Tensor::zeros(&shape),
        1 => Tensor::ones(&shape),
        2 => Tensor::full(&shape, value),
        3 => Tensor::param(Tensor::full(&shape, value)),
        4 => {
            let count = shapes::elements(&shape).min(1 << 14) as usize + usize::from(random.once_in(8));
            Tensor::appended(&shape, |room| room.resize(room.len() + count, value))
        }
        5 => {
            let classes = if random.once_in(8) { shapes::ABSURD } else { 1 + random.below(9) };
            let labels = random.some(7, |random| random.below(classes.min(9)));
            Tensor::one_hot(&labels, classes + usize::from(random.once_in(8)) - usize::from(random.once_in(8)))
        }
        _ => arrays::tensor(random),
    };
    vec![made]
}

fn unary<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let c = F::from_f64(random.element());
    match random.below(53) {
        0 => x.abs(),
        1 => x.cos(),
        2 => x.elu(c),
        3 => x.erf(),
        4 => x.exp(),
        5 => x.expm1(),
        6 => x.gelu(),
        7 => x.gelu_tanh(),
        8 => x.hardsigmoid(),
        9 => x.hardswish(),
        10 => x.hardtanh(),
        11 => x.leaky_relu(c),
        12 => x.ln(),
        13 => x.log1p(),
        14 => x.log_sigmoid(),
        15 => x.mish(),
        16 => x.powf(c),
        17 => x.powi(random.pick(&[0, 1, -1, 2, 3, i32::MAX, i32::MIN])),
        18 => x.recip(),
        19 => x.relu(),
        20 => x.relu6(),
        21 => x.rsqrt(),
        22 => x.selu(),
        23 => x.sigmoid(),
        24 => x.sign(),
        25 => x.silu(),
        26 => x.sin(),
        27 => x.softplus(),
        28 => x.softsign(),
        29 => x.sqrt(),
        30 => x.square(),
        31 => x.tanh(),
        32 => x.clamp_max(c),
        33 => x.clamp_min(c),
        34 => x.clamp(c, c + F::one()),
        35 => x.detach(),
        36 => Tensor::param(x),
        37 => x * c,
        38 => -x,
        39 => x.tan(),
        40 => x.asin(),
        41 => x.acos(),
        42 => x.atan(),
        43 => x.sinh(),
        44 => x.cosh(),
        45 => x.exp2(),
        46 => x.log2(),
        47 => x.log10(),
        48 => x.floor(),
        49 => x.ceil(),
        50 => x.round(),
        51 => x.trunc(),
        _ => Tensor::from(ArrayD::from(x.clone())),
    }
}

/// The number of elements of the shape that two shapes broadcast to, if they do.
fn joint(a: &[usize], b: &[usize]) -> u128 {
    let axes = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(axes).map_or(1, |i| shape[i]);
    let joint: Vec<usize> = (0..axes)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (1, n) => n,
            (n, _) => n,
        })
        .collect();
    shapes::elements(&joint)
}

/// A second operand that broadcasts with `x` more often than `y` would by chance.
fn brought_together<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
    match random.below(6) {
        0 => y.clone(),
        1 => x.clone(),
        2 if x.ndim() > 1 => x.sum_axis(keep(random.below(x.ndim()))),
        3 if x.ndim() > 1 => x.select(0, random.below(x.shape()[0].clamp(1, 20))),
        4 if x.ndim() > 0 => x.sum_axis(keep(x.ndim() - 1)),
        _ => y.mean(),
    }
}

fn binary<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
    let y = &brought_together(random, x, y);
    if !shapes::is_allowed(joint(x.shape(), y.shape())) {
        return Vec::new();
    }
    let (a, b) = if random.once_in(2) { (x, y) } else { (y, x) };
    let result = match random.below(11) {
        0 => a - b,
        1 => a * b,
        2 => a / b,
        3 => a.maximum(b),
        4 => a.minimum(b),
        5 => a.pow(b),
        6 => a.xlogy(b),
        7 => {
            let holds = [a.gt(b), a.ge(b), a.lt(b), a.le(b), a.eq_elem(b), a.ne_elem(b)];
            assert!(holds.iter().all(|holds| holds.shape() == holds.view().shape()));
            let _ = (a.all_close(b, F::one(), F::zero()), a.all_finite(), a == b);
            where_(&holds[random.below(6)], a, b)
        }
        8 => a.atan2(b),
        _ => a + b,
    };
    vec![result]
}

pub(crate) fn axes(random: &mut Random, ndim: usize) -> Axes {
    let axes = match random.below(8) {
        0 => Axes::from(..),
        1 => {
            let list = random.some(7, |random| axis(random, ndim));
            Axes::from(list.as_slice())
        }
        2 => {
            let list: Vec<isize> = (0..ndim as isize).filter(|_| random.once_in(2)).collect();
            Axes::from(list.as_slice())
        }
        3 => Axes::from(position(random, ndim)),
        _ => Axes::from(axis(random, ndim)),
    };
    if random.once_in(2) { keep(axes) } else { axes }
}

fn reduced<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let axes = axes(random, x.ndim());
    let along = axis(random, x.ndim());
    match random.below(25) {
        0 => x.mean_axis(axes),
        1 => x.max_axis(axes),
        2 => x.min_axis(axes),
        3 => x.prod_axis(axes),
        4 => x.var_with(random.pick(&[0, 1, 5, usize::MAX]), axes),
        5 => x.std_axis(axes),
        6 => x.norm_axis(
            F::from_f64(random.pick(&[0.0, 1.0, 2.0, 3.0, -1.0, 0.5, f64::INFINITY, f64::NEG_INFINITY])),
            axes,
        ),
        7 => x.logsumexp_axis(axes),
        8 => x.softmax(along),
        9 => x.log_softmax(along),
        10 => x.cumsum(along),
        11 => positions(x.argmax(along)),
        12 => positions(x.argmin(along)),
        13 => x.sum(),
        14 => x.flip(axes),
        15 => x.standardize(axes, random.pick(&[0.0, 1e-5, -1.0])),
        16 => x.standardize_with_moments(axes, 1e-5).1[1].clone(),
        17 => x.rms_normalize(axes, 1e-5),
        18 => x.softmax_or_zero(along),
        19 => attended(random, x),
        _ => x.sum_axis(axes),
    }
}

/// Attention of a tensor to itself, usually with as many axes as it needs.
fn attended<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
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

fn positions<F: Float>(places: ArrayD<usize>) -> Tensor<F> {
    Tensor::from(places.mapv(|place| F::from_f64(place as f64)))
}

fn reshaped<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let (a, b) = (axis(random, x.ndim()), axis(random, x.ndim()));
    match random.below(15) {
        0 => x.reshape(&shapes::any(random)),
        1..4 => x.reshape(&shapes::regrouped(random, x.shape())),
        4 => x.flatten(a, b),
        5 => x.squeeze(),
        6 => x.squeeze_axis(axes(random, x.ndim())),
        7 => x.unsqueeze(axis(random, x.ndim() + 1)),
        8 => x.transpose(a, b),
        9 => x.t(),
        10 => {
            let mut order: Vec<isize> = (0..x.ndim() as isize).collect();
            for i in (1..order.len()).rev() {
                order.swap(i, random.below(i + 1));
            }
            if random.once_in(8) {
                order.push(a);
            }
            x.permute(&order)
        }
        11 => x.sum_to_size(&shapes::any(random)),
        _ => {
            let shape = shapes::stretched(random, x.shape());
            if shapes::is_allowed(shapes::elements(&shape)) { x.broadcast_to(&shape) } else { x.clone() }
        }
    }
}

fn pieces<F: Float>(random: &mut Random, x: &Tensor<F>) -> Vec<Tensor<F>> {
    let along = axis(random, x.ndim());
    let size = if x.ndim() > 0 { x.shape()[random.below(x.ndim())] } else { 5 };
    let few = |size: usize| !(100..=shapes::ABSURD).contains(&size);
    match random.below(3) {
        0 if x.shape().iter().all(|&n| few(n)) => x.split(random.pick(&[0, 1, 2, 3, size, usize::MAX]), along),
        1 => x.chunk(random.pick(&[0, 1, 2, 3, 7]), along),
        _ => {
            let first = position(random, size);
            x.split_sizes(&[first, size.wrapping_sub(first)], along)
        }
    }
}

fn sliced<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
    let along = axis(random, x.ndim());
    let size = if x.ndim() > 0 { x.shape()[random.below(x.ndim())] } else { 5 };
    match random.below(4) {
        0 if random.once_in(2) => {
            x.narrow(along, (position(random, size) as isize).wrapping_sub(size as isize), position(random, size))
        }
        0 => x.narrow(along, position(random, size), position(random, size)),
        1 => x.select(along, position(random, size)),
        _ => {
            let mut entries = Vec::new();
            let extreme = [isize::MIN, isize::MAX, -isize::MAX, -1, 0, 100];
            for &size in x.shape().iter().take(5) {
                let place = |random: &mut Random| match random.below(24) {
                    0 => random.pick(&extreme),
                    _ => random.below(2 * size.min(100) + 1) as isize - size.min(100) as isize,
                };
                entries.push(match random.below(6) {
                    0 => SliceInfoElem::Index(place(random)),
                    1 => SliceInfoElem::NewAxis,
                    _ => {
                        let (start, end) = (place(random), random.once_in(2).then_some(place(random)));
                        let step = match random.below(16) {
                            0 => random.pick(&extreme),
                            _ => random.pick(&[1, 1, 2, 3, -1, -2]),
                        };
                        SliceInfoElem::Slice { start, end, step }
                    }
                });
            }
            x.slice(entries)
        }
    }
}

fn joined<F: Float>(random: &mut Random, xs: &[&Tensor<F>]) -> Vec<Tensor<F>> {
    let mut list: Vec<Tensor<F>> = Vec::new();
    for _ in 0..random.below(5) {
        let x = random.pick(xs);
        // Usually the first tensor, sometimes with another size along an axis.
        let like = xs[0].clone();
        list.push(match random.below(4) {
            0 => x.clone(),
            1 if like.ndim() > 0 => like.narrow(0, 0, like.shape()[0].min(2)),
            _ => like,
        });
    }
    let along = axis(random, xs[0].ndim());
    if random.once_in(3) { vec![stack(&list, along)] } else { vec![concat(&list, along)] }
}

fn indexed<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
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

fn product<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>, z: &Tensor<F>) -> Vec<Tensor<F>> {
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

fn chosen<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>, z: &Tensor<F>) -> Vec<Tensor<F>> {
    let y = &brought_together(random, x, y);
    let condition = if random.once_in(8) { z.gt(F::from_f64(random.element())) } else { x.gt(F::zero()) };
    let large = [x.shape(), y.shape()].iter().any(|shape| !shapes::is_allowed(joint(shape, condition.shape())));
    if large || !shapes::is_allowed(joint(x.shape(), y.shape())) {
        return Vec::new();
    }
    let condition = if random.once_in(3) { condition.reversed_axes() } else { condition };
    if !shapes::is_allowed(joint(condition.shape(), x.shape()).max(joint(condition.shape(), y.shape()))) {
        return Vec::new();
    }
    vec![where_(&condition, x, y)]
}
