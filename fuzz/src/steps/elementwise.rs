//! Functions of every element, and of pairs of elements that are broadcast together.

use downhill_tensor::{Float, Tensor, keep, where_};
use ndarray::ArrayD;

use crate::random::Random;
use crate::shapes;

pub(super) fn unary<F: Float>(random: &mut Random, x: &Tensor<F>) -> Tensor<F> {
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

pub(super) fn binary<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>) -> Vec<Tensor<F>> {
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

pub(super) fn chosen<F: Float>(random: &mut Random, x: &Tensor<F>, y: &Tensor<F>, z: &Tensor<F>) -> Vec<Tensor<F>> {
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
