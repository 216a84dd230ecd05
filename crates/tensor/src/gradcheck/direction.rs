//! Directions in the space of an input or a result: one entry, or a random combination of all.

use ndarray::ArrayD;

use super::{Settings, SplitMix};
use crate::{Float, Tensor};

/// A vector with one component per element of a tensor.
pub(super) enum Direction {
    /// 1 for this element (in row-major order), 0 for the others.
    Entry(usize),
    /// A weight for each element.
    Random(Vec<f64>),
}

impl Direction {
    pub(super) fn dot(&self, values: &[f64]) -> f64 {
        match self {
            Direction::Entry(k) => values[*k],
            Direction::Random(weights) => weights.iter().zip(values).map(|(w, v)| w * v).sum(),
        }
    }

    /// The sum of absolute values: the factor by which an absolute tolerance for single entries grows.
    pub(super) fn norm1(&self) -> f64 {
        match self {
            Direction::Entry(_) => 1.0,
            Direction::Random(weights) => weights.iter().map(|w| w.abs()).sum(),
        }
    }

    /// The direction as a tensor, to start a backward pass from.
    pub(super) fn to_tensor<F: Float>(&self, shape: &[usize]) -> Tensor<F> {
        let mut elements = vec![F::zero(); shape.iter().product()];
        match self {
            Direction::Entry(k) => elements[*k] = F::one(),
            Direction::Random(weights) => {
                elements.iter_mut().zip(weights).for_each(|(e, w)| *e = F::from_f64(*w));
            }
        }
        Tensor::from(ArrayD::from_shape_vec(shape, elements).expect("one element each"))
    }

    /// The index of the entry in a tensor of this shape; `None` for a random direction.
    pub(super) fn index(&self, shape: &[usize]) -> Option<Vec<usize>> {
        let Direction::Entry(mut rest) = *self else { return None };
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        Some(index)
    }

    /// A random direction of length 1, whose components are exact in the element type.
    pub(super) fn random<F: Float>(length: usize, random: &mut SplitMix) -> Self {
        let mut weights: Vec<f64> = (0..length).map(|_| random.weight()).collect();
        let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        weights.iter_mut().for_each(|w| *w = F::from_f64(*w / norm).as_f64());
        Direction::Random(weights)
    }
}

/// An input moved forward and backward along a direction.
pub(super) struct Move<F: Float> {
    pub(super) direction: Direction,
    pub(super) plus: Tensor<F>,
    pub(super) minus: Tensor<F>,
    /// The divisor for differences of results.
    pub(super) span: f64,
}

impl<F: Float> Move<F> {
    /// Along one entry, by about `step·max(1, |x|)`.
    pub(super) fn along_entry(x: &Tensor<F>, k: usize, step: f64) -> Self {
        let mut elements = x.to_vec();
        let at = elements[k].as_f64();
        let half = step * at.abs().max(1.0);
        let mut moved = |by: f64| {
            elements[k] = F::from_f64(at + by);
            (elements[k].as_f64(), param(elements.clone(), x.shape()))
        };
        let ((high, plus), (low, minus)) = (moved(half), moved(-half));
        // After rounding, the two points are not exactly two steps apart.
        Move { direction: Direction::Entry(k), plus, minus, span: high - low }
    }

    /// Along all entries at once.
    pub(super) fn at_random(x: &Tensor<F>, step: f64, random: &mut SplitMix) -> Self {
        let Direction::Random(mut weights) = Direction::random::<F>(x.len(), random) else { unreachable!() };
        let elements = x.to_vec();
        let moved = |step: f64| -> Vec<F> {
            let by = |(x, w): (&F, &f64)| F::from_f64(x.as_f64() + step * w * x.as_f64().abs().max(1.0));
            elements.iter().zip(&weights).map(by).collect()
        };
        let (plus, minus) = (moved(step), moved(-step));
        // The step actually taken, after rounding.
        for (weight, (plus, minus)) in weights.iter_mut().zip(plus.iter().zip(&minus)) {
            *weight = (plus.as_f64() - minus.as_f64()) / (2.0 * step);
        }
        let (plus, minus) = (param(plus, x.shape()), param(minus, x.shape()));
        Move { direction: Direction::Random(weights), plus, minus, span: 2.0 * step }
    }
}

fn param<F: Float>(elements: Vec<F>, shape: &[usize]) -> Tensor<F> {
    Tensor::param(ArrayD::from_shape_vec(shape, elements).expect("the elements of a tensor of this shape"))
}

/// The directions to check in the space of a result.
pub(super) fn probes<F: Float>(shape: &[usize], settings: &Settings, random: &mut SplitMix) -> Vec<Direction> {
    let length = shape.iter().product();
    match settings.directions {
        super::Directions::Every => (0..length).map(Direction::Entry).collect(),
        super::Directions::Random(_) if length == 0 => Vec::new(),
        super::Directions::Random(count) => (0..count).map(|_| Direction::random::<F>(length, random)).collect(),
    }
}
