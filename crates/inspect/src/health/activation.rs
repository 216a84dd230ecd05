//! The activations of a network, found in the record of its loss, and which of their units still do something.

use std::collections::BTreeMap;

use downhill_tensor::{Float, Params, Tensor};

use super::ActivationHealth;
use crate::Histogram;
use crate::tracer::{Graph, names};

/// Operations that are activation functions. Composed ones, such as `gelu`, are not seen.
const FUNCTIONS: [&str; 7] = ["relu", "leaky_relu", "elu", "tanh", "sigmoid", "softplus", "softsign"];

/// From an activation back to the layer that it belongs to, at most so many operations are passed.
const FAR: usize = 8;

/// The results of activation functions in the record of `loss`, behind an operation with a parameter. Each has the name of the layer, such as `fc1`, and of the function, and all its uses.
pub(super) fn of<F: Float>(loss: &Tensor<F>, model: &impl Params<F>) -> BTreeMap<String, Vec<Tensor<F>>> {
    let graph = Graph::of(loss, &names(model));
    let mut found: BTreeMap<String, Vec<Tensor<F>>> = BTreeMap::new();
    for node in &graph.nodes {
        let Some(operation) = &node.operation else { continue };
        if !FUNCTIONS.contains(&operation.name) || node.tensor.ndim() == 0 {
            continue;
        }
        let mut behind = &operation.inputs[0];
        for _ in 0..FAR {
            let Some(operation_behind) = &graph.nodes[graph.place(behind)].operation else { break };
            let inputs = &operation_behind.inputs;
            if let Some(parameter) = inputs.iter().find(|input| input.is_param() || input.is_frozen()) {
                let path = graph.nodes[graph.place(parameter)].name.as_deref().unwrap_or("");
                let layer = path.rsplit_once('.').map_or("", |(layer, _)| layer);
                let name = format!("{layer} {}", operation.name).trim_start().to_owned();
                found.entry(name).or_default().push(node.tensor.clone());
                break;
            }
            let Some(first) = inputs.first() else { break };
            behind = first;
        }
    }
    found
}

/// What is known of one activation.
#[derive(Clone, Debug, Default)]
pub(super) struct Activation {
    /// For every unit, the step since which it has been 0 whenever it was looked at.
    zero_since: Vec<Option<u64>>,
    /// The part of the outputs that are, up to 1 %, the largest or the smallest of a bounded function.
    saturated: f64,
    histogram: Option<Histogram>,
}

impl Activation {
    /// Looks at all uses of the activation in one step.
    pub(super) fn look<F: Float>(&mut self, uses: &[Tensor<F>], step: u64, bins: usize) {
        let units = uses.first().map_or(0, |use_| use_.shape()[axis(use_)]);
        let mut zero = vec![true; units];
        let (mut outputs, mut saturated) = (Vec::new(), 0);
        for y in uses.iter().filter(|y| y.shape()[axis(y)] == units) {
            // Of a function such as tanh; others have no bounds.
            let [low, high] = match y.op_name() {
                Some("tanh") => [-1.0, 1.0],
                Some("sigmoid") => [0.0, 1.0],
                _ => [f64::NEG_INFINITY, f64::INFINITY],
            };
            // Elements of one unit follow each other, `width` at a time.
            let width: usize = y.shape()[axis(y) + 1..].iter().product();
            for (place, y) in y.view().iter().map(|y| y.as_f64()).enumerate() {
                zero[place / width % units] &= y == 0.0;
                saturated += usize::from(y < low + 0.01 || y > high - 0.01);
                outputs.push(y);
            }
        }
        if self.zero_since.len() != units {
            self.zero_since = vec![None; units];
        }
        // A batch without elements says nothing.
        if !outputs.is_empty() {
            for (since, zero) in self.zero_since.iter_mut().zip(zero) {
                *since = if zero { since.or(Some(step)) } else { None };
            }
            self.saturated = saturated as f64 / outputs.len() as f64;
        }
        let finite = || outputs.iter().copied().filter(|y| y.is_finite());
        let [min, max] = [f64::min as fn(f64, f64) -> f64, f64::max].map(|better| finite().fold(f64::NAN, better));
        self.histogram = Some(Histogram::of(finite(), [min, max], bins));
    }

    pub(super) fn health(&self, name: &str, step: u64, patience: u64) -> ActivationHealth {
        let part = |dead: &dyn Fn(u64) -> bool| {
            let count = self.zero_since.iter().flatten().filter(|&&since| dead(since)).count();
            count as f64 / self.zero_since.len().max(1) as f64
        };
        ActivationHealth {
            name: name.to_owned(),
            zero: part(&|_| true),
            dead: part(&|since| step - since >= patience),
            saturated: self.saturated,
            histogram: self.histogram.clone(),
        }
    }
}

/// The axis of the units: the channels of images, otherwise the last.
fn axis<F: Float>(y: &Tensor<F>) -> usize {
    if y.ndim() == 4 { 1 } else { y.ndim() - 1 }
}
