//! What the sequence operations share: the order of the time steps, where each sequence ends, and their derivative as a
//! recorded function.

use std::borrow::Cow;
use std::sync::Arc;

use downhill_kernels::{Elements, shape};
use downhill_tensor::{Attribute, Float, Tensor, stack, vjp_many, where_};
use ndarray::{Array2, IxDyn};

/// Whether time runs backwards, and how many steps each sequence of the batch has: all of them if there are no lengths.
///
/// At a step that a sequence does not have, its state stays what it is and its output is 0. So a sequence read
/// backwards starts at its own last element, with the initial state.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    pub(super) reverse: bool,
    pub(super) lengths: Option<Arc<[usize]>>,
}

impl Steps {
    pub(super) fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut attributes = vec![("reverse", self.reverse.into())];
        if let Some(lengths) = &self.lengths {
            attributes.push(("lengths", (&**lengths).into()));
        }
        attributes
    }

    /// Checks the shapes of a sequence operation: of the products with the input `[T, N, gates·hidden]`, the weight
    /// `[gates·hidden, hidden]` and each state `[N, hidden]`. Every step keeps up to `kept·hidden` elements for each row.
    pub(super) fn check<F: Float>(
        &self,
        gates: usize,
        kept: usize,
        input: &[usize],
        weight: &[usize],
        states: &[&[usize]],
    ) -> Result<(), String> {
        let (&[steps, rows, width], &[height, hidden]) = (input, weight) else {
            return Err("expected an input [T, N, gates·hidden] and a weight [gates·hidden, hidden]".into());
        };
        if Some(height) != hidden.checked_mul(gates) || width != height {
            return Err(format!(
                "the input and the weight must have {gates}·hidden rows, for a hidden size of {hidden}"
            ));
        }
        if states.iter().any(|state| *state != [rows, hidden]) {
            return Err(format!("every state must have the shape {:?}", [rows, hidden]));
        }
        if self.lengths.as_ref().is_some_and(|lengths| lengths.len() != rows) {
            return Err(format!("there must be {rows} lengths, one for each sequence"));
        }
        shape::check::<F>(&[steps.saturating_add(states.len()), rows, hidden])?;
        shape::check::<F>(&[steps, rows, hidden.saturating_mul(kept)]).map(drop)
    }

    /// [`check`](Self::check) of a sequence operation that makes the products with the input `[T, N, in]` itself, with a
    /// weight `[gates·hidden, in]` and a bias `[gates·hidden]`.
    pub(super) fn check_with_input<F: Float>(
        &self,
        [gates, kept]: [usize; 2],
        x: &[usize],
        [weight_ih, weight_hh]: [&[usize]; 2],
        bias: &[usize],
        states: &[&[usize]],
    ) -> Result<(), String> {
        let (&[steps, rows, features], &[height, inputs]) = (x, weight_ih) else {
            return Err("expected an input [T, N, in] and a weight [gates·hidden, in]".into());
        };
        if features != inputs || bias != [height] || weight_hh.first() != Some(&height) {
            return Err(format!(
                "the weights must be [{height}, {features}] and [{height}, hidden], and the bias [{height}]"
            ));
        }
        self.check::<F>(gates, kept, &[steps, rows, height], weight_hh, states)?;
        let inner = features.saturating_add(weight_hh[1]);
        shape::check::<F>(&[height, inner])?;
        shape::check::<F>(&[steps, rows, inner]).map(drop)
    }

    /// The time steps in the order in which they are taken.
    pub(super) fn order(&self, steps: usize) -> impl DoubleEndedIterator<Item = usize> {
        let reverse = self.reverse;
        (0..steps).map(move |step| if reverse { steps - 1 - step } else { step })
    }

    /// Whether sequence number `row` has a step `time`.
    #[inline(always)]
    pub(super) fn has(&self, row: usize, time: usize) -> bool {
        match &self.lengths {
            None => true,
            Some(lengths) => time < lengths[row],
        }
    }

    /// Elements for what every step of every sequence writes; 0 where a sequence does not have a step.
    #[track_caller]
    pub(super) fn room<F: Float>(&self, shape: &[usize]) -> Elements<F> {
        match self.lengths {
            None => Elements::unset(IxDyn(shape)),
            Some(_) => Elements::full(IxDyn(shape), F::zero()),
        }
    }

    /// The whole sequence composed from recorded operations: every output, then every final state, stacked. `next` maps
    /// the product with the input of one step, and the states, to the next states; the first state is the output.
    pub(super) fn compose<F: Float, const S: usize>(
        &self,
        input: &Tensor<F>,
        start: [&Tensor<F>; S],
        next: impl Fn(&Tensor<F>, &[Tensor<F>; S]) -> [Tensor<F>; S],
    ) -> Tensor<F> {
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let mut states = start.map(Tensor::clone);
        let mut outputs = vec![None; steps];
        for time in self.order(steps) {
            let mut after = next(&input.narrow(0, time, 1).reshape(&[rows, width]), &states);
            let mut output = after[0].clone();
            if self.lengths.is_some() {
                let has = Array2::from_shape_fn((rows, 1), |(row, _)| self.has(row, time));
                for (after, before) in after.iter_mut().zip(&states) {
                    *after = where_(&has, &*after, before);
                }
                output = where_(&has, output, F::zero());
            }
            (outputs[time], states) = (Some(output), after);
        }
        let outputs: Vec<Tensor<F>> = outputs.into_iter().flatten().chain(states).collect();
        stack(&outputs, 0)
    }
}

/// The wanted gradients of a composed function, as recorded functions of its inputs and of `dy`.
pub(super) fn recorded_gradients<F: Float, const N: usize>(
    wanted: [bool; N],
    inputs: [&Tensor<F>; N],
    dy: &Tensor<F>,
    compose: impl FnOnce([&Tensor<F>; N]) -> Tensor<F>,
) -> [Option<Tensor<F>>; N] {
    // Without sequences there may be more steps than can be counted.
    if dy.is_empty() {
        return std::array::from_fn(|argument| wanted[argument].then(|| Tensor::zeros(inputs[argument].shape())));
    }
    // Results of their own: if one input is a function of another, the gradient with respect to that one must not
    // include the path through the first, which the caller's walk takes anyway.
    let own = inputs.map(|x| x.reshape(x.shape()));
    let y = compose(own.each_ref());
    let targets: Vec<&Tensor<F>> = own.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(x, _)| x).collect();
    let mut found = vjp_many(&y, &targets, dy).into_iter();
    wanted.map(|wanted| wanted.then(|| found.next().expect("one gradient for each target")))
}

/// The elements in row-major order.
pub(super) fn row_major_slice<F: Float>(x: &Tensor<F>) -> Cow<'_, [F]> {
    x.as_slice().map_or_else(|| Cow::Owned(x.to_vec()), Cow::Borrowed)
}

/// `f(x)` of every element.
#[inline(always)]
pub(super) fn activate<F: Float>(y: &mut [F], x: &[F], f: impl Fn(F) -> F) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

/// The logistic function.
#[inline(always)]
pub(super) fn sigmoid<F: Float>(x: F) -> F {
    F::one() / (F::one() + (-x).exp())
}
