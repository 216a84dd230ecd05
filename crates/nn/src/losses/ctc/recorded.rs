//! The same losses composed of differentiable operations, step by step for the whole batch: for second derivatives.

use std::collections::BTreeMap;

use downhill_tensor::{Float, Tensor, concat};

use super::transcript::Transcript;

/// The losses `[batch]` as a recorded function of the log-probabilities `[steps, batch, classes]`.
///
/// Only states that a path can have reached are computed, so that everything is finite if the log-probabilities are.
pub(super) fn losses<F: Float>(x: &Tensor<F>, transcripts: &[Transcript]) -> Tensor<F> {
    let (batch, classes) = (x.shape()[1], x.shape()[2]);
    let elements = x.reshape(&[x.len()]);
    let nowhere = Tensor::full(&[1], F::neg_infinity());
    let longest = transcripts.iter().map(|text| text.steps).max().unwrap_or(0);
    // The states reached so far, `(sequence, state)` with the position of their logarithm in `reached`.
    let mut places: BTreeMap<(usize, usize), usize> = (0..batch).map(|sequence| ((sequence, 0), sequence)).collect();
    let mut reached = Tensor::zeros(&[batch]);
    let (mut results, mut order) = (Vec::new(), Vec::new());
    for step in 0..=longest {
        // A place beyond the last has probability 0.
        let all = concat(&[&reached, &nowhere], 0);
        let place = |sequence: usize, state: usize| places.get(&(sequence, state)).copied().unwrap_or(places.len());

        // Sequences that end here.
        let ended: Vec<usize> = (0..batch).filter(|&sequence| transcripts[sequence].steps == step).collect();
        let mut ends = Vec::with_capacity(2 * ended.len());
        for &sequence in &ended {
            let states = transcripts[sequence].ends();
            let (first, last) = (states.start, states.end - 1);
            ends.push(place(sequence, last));
            ends.push(if first < last { place(sequence, first) } else { places.len() });
        }
        results.push(all.index_select(0, &ends).reshape(&[ended.len(), 2]).logsumexp_axis(1));
        order.extend(ended);

        // The others go on.
        let (mut next, mut sources, mut emissions) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (sequence, text) in transcripts.iter().enumerate().filter(|(_, text)| text.steps > step) {
            for state in 0..text.states() {
                let from: Vec<usize> = text.predecessors(state).map(|state| place(sequence, state)).collect();
                if from.iter().all(|&place| place == places.len()) {
                    continue;
                }
                next.insert((sequence, state), next.len());
                sources.extend((0..3).map(|i| from.get(i).copied().unwrap_or(places.len())));
                emissions.push((step * batch + sequence) * classes + text.class(state));
            }
        }
        let sums = all.index_select(0, &sources).reshape(&[next.len(), 3]).logsumexp_axis(1);
        reached = sums + elements.index_select(0, &emissions);
        places = next;
    }
    let mut places = vec![0; batch];
    order.into_iter().enumerate().for_each(|(place, sequence)| places[sequence] = place);
    -concat(&results, 0).index_select(0, &places)
}
