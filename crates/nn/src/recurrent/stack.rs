//! Runs the layers and directions of a recurrent network, whatever its cell.

use downhill_tensor::{Float, Tensor, concat, where_};
use ndarray::Array3;
use rand::Rng;

use super::RecurrentOptions;
use super::steps::Steps;
use super::weights::{RecurrentWeights, assert_state, sizes};
use crate::{Dropout, Module};

/// A recurrent network, apart from its cell.
pub(super) struct Stack<'a, F: Float> {
    /// The layer's name, for the panic messages.
    pub(super) name: &'static str,
    pub(super) gates: usize,
    /// The weights of layer `l` in direction `d` are number `l·directions + d`.
    pub(super) weights: &'a [RecurrentWeights<F>],
    pub(super) bidirectional: bool,
    pub(super) dropout: f64,
    pub(super) batch_first: bool,
}

/// Random weights for all layers and directions.
#[track_caller]
pub(super) fn new_weights<F: Float>(
    name: &str,
    gates: usize,
    [inputs, hidden]: [usize; 2],
    options: RecurrentOptions,
    rng: &mut (impl Rng + ?Sized),
) -> Vec<RecurrentWeights<F>> {
    let RecurrentOptions { num_layers, bias, dropout, bidirectional, .. } = options;
    assert!(num_layers > 0, "{name}: num_layers must be at least 1, got 0");
    assert!((0.0..=1.0).contains(&dropout), "{name}: dropout must be a probability in [0, 1], got {dropout}");
    let directions = 1 + usize::from(bidirectional);
    let mut weights = Vec::new();
    for layer in 0..num_layers {
        let inputs = if layer == 0 { inputs } else { hidden.saturating_mul(directions) };
        for _ in 0..directions {
            weights.push(RecurrentWeights::new(name, gates, [inputs, hidden], bias, rng));
        }
    }
    weights
}

/// A recurrent layer: one of its cells over all steps.
pub(super) trait Sequence<F: Float, const S: usize> {
    /// One layer in one direction, over the input `[T, N, in]` from initial states `[N, hidden]`: `[T + S, N, hidden]`,
    /// the outputs followed by the final states.
    ///
    /// `#[track_caller]` applies to every implementation.
    #[track_caller]
    fn over(&self, x: &Tensor<F>, weights: &RecurrentWeights<F>, states: [&Tensor<F>; S], steps: Steps) -> Tensor<F>;
}

impl<F: Float> Stack<'_, F> {
    /// The sizes `[in, hidden]`.
    ///
    /// # Panics
    /// If the weights do not fit each other, or there are none.
    #[track_caller]
    fn sizes(&self) -> [usize; 2] {
        let directions = self.directions();
        assert!(
            !self.weights.is_empty() && self.weights.len().is_multiple_of(directions),
            "{}: there are {} sets of weights, but there must be {directions} for each layer",
            self.name,
            self.weights.len()
        );
        let of =
            |weights: &RecurrentWeights<F>| [weights.weight_ih.shape().to_vec(), weights.weight_hh.shape().to_vec()];
        let [ih, hh] = of(&self.weights[0]);
        let [inputs, hidden] = sizes(self.name, self.gates, &ih, &hh);
        for (number, weights) in self.weights.iter().enumerate() {
            let [ih, hh] = of(weights);
            let found = sizes(self.name, self.gates, &ih, &hh);
            let wanted = [if number < directions { inputs } else { directions * hidden }, hidden];
            assert!(
                found == wanted,
                "{}: the weights of layer {} map {} features to {}, but must map {} to {}",
                self.name,
                number / directions,
                found[0],
                found[1],
                wanted[0],
                wanted[1]
            );
        }
        [inputs, hidden]
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// The output of the last layer, and the final states of all layers and directions.
    #[track_caller]
    pub(super) fn forward<const S: usize>(
        &self,
        sequence: &impl Sequence<F, S>,
        x: &Tensor<F>,
        lengths: Option<&[usize]>,
        states: Option<[(&str, &Tensor<F>); S]>,
    ) -> (Tensor<F>, [Tensor<F>; S]) {
        let [inputs, hidden] = self.sizes();
        let (steps, rows) = self.extent(x, inputs);
        let batched = x.ndim() == 3;
        let mut x_of_layer = match (batched, self.batch_first) {
            (true, false) => x.clone(),
            (true, true) => x.permute(&[1, 0, 2]),
            (false, _) => x.reshape(&[steps, 1, inputs]),
        };
        if let Some(lengths) = lengths {
            self.check_lengths(x.shape(), lengths, steps, rows);
        }
        let lengths = lengths.filter(|lengths| lengths.iter().any(|&length| length < steps));
        if let Some(lengths) = lengths {
            // What follows the end of a sequence may be anything, also NaN.
            let inside = Array3::from_shape_fn((steps, rows, 1), |(time, row, _)| time < lengths[row]);
            x_of_layer = where_(&inside, x_of_layer, F::zero());
        }
        let count = self.weights.len();
        let batch: &[usize] = if batched { &[rows] } else { &[] };
        let state_shape = [&[count], batch, &[hidden]].concat();
        if let Some(states) = &states {
            for (name, state) in states {
                assert_state(self.name, x.shape(), name, state.shape(), &state_shape);
            }
        }
        let zeros = Tensor::zeros(&[rows, hidden]);
        let mut finals: [Vec<Tensor<F>>; S] = std::array::from_fn(|_| Vec::with_capacity(count));
        for (layer, weights) in self.weights.chunks(self.directions()).enumerate() {
            if layer > 0 && self.dropout > 0.0 {
                x_of_layer = Dropout { p: self.dropout }.forward(&x_of_layer);
            }
            let mut outputs = Vec::with_capacity(2);
            for (direction, weights) in weights.iter().enumerate() {
                let number = layer * self.directions() + direction;
                let mut start: [Tensor<F>; S] = std::array::from_fn(|_| zeros.clone());
                if let Some(states) = &states {
                    for (start, (_, state)) in start.iter_mut().zip(states) {
                        *start = state.narrow(0, number, 1).reshape(&[rows, hidden]);
                    }
                }
                let order = Steps { reverse: direction == 1, lengths: lengths.map(Into::into) };
                let y = sequence.over(&x_of_layer, weights, start.each_ref(), order);
                outputs.push(y.narrow(0, 0, steps));
                for (number, finals) in finals.iter_mut().enumerate() {
                    finals.push(y.narrow(0, steps + number, 1));
                }
            }
            x_of_layer = joined(outputs, -1);
        }
        let output = match (batched, self.batch_first) {
            (true, false) => x_of_layer,
            (true, true) => x_of_layer.permute(&[1, 0, 2]),
            (false, _) => x_of_layer.reshape(&[steps, self.directions() * hidden]),
        };
        let finals = finals.map(|finals| {
            let finals = joined(finals, 0);
            if batched { finals } else { finals.reshape(&state_shape) }
        });
        (output, finals)
    }

    /// The number of time steps and of sequences.
    #[track_caller]
    fn extent(&self, x: &Tensor<F>, inputs: usize) -> (usize, usize) {
        match *x.shape() {
            [rows, steps, features] if self.batch_first && features == inputs => (steps, rows),
            [steps, rows, features] if features == inputs => (steps, rows),
            [steps, features] if features == inputs => (steps, 1),
            _ => panic!(
                "{} of {:?}: the input must be [{}, {inputs}] or, for a single sequence, [T, {inputs}]",
                self.name,
                x.shape(),
                if self.batch_first { "N, T" } else { "T, N" }
            ),
        }
    }

    #[track_caller]
    fn check_lengths(&self, x: &[usize], lengths: &[usize], steps: usize, rows: usize) {
        assert!(
            lengths.len() == rows,
            "{} of {x:?}: there are {} lengths for {rows} sequences",
            self.name,
            lengths.len()
        );
        if let Some(row) = lengths.iter().position(|&length| length > steps) {
            panic!("{} of {x:?}: sequence {row} has length {}, but there are {steps} steps", self.name, lengths[row]);
        }
    }
}

/// The tensors, joined along an axis.
fn joined<F: Float>(mut tensors: Vec<Tensor<F>>, axis: isize) -> Tensor<F> {
    if tensors.len() == 1 { tensors.remove(0) } else { concat(&tensors, axis) }
}
