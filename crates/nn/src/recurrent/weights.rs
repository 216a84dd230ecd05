//! The parameters of recurrent cells and layers, with PyTorch's names and initial values.

use downhill_tensor::{Float, Params, Path, Tensor, checked_size};
use rand::Rng;

use crate::init;

/// The parameters of one layer of [`Rnn`](crate::Rnn), [`Gru`](crate::Gru) or [`Lstm`](crate::Lstm) in one direction.
/// There are 1, 3 or 4 gates.
#[derive(Clone, Debug, Params)]
pub struct RecurrentWeights<F: Float = f32> {
    /// From the input, `[gates·hidden, in]`.
    pub weight_ih: Tensor<F>,
    /// From the state, `[gates·hidden, hidden]`.
    pub weight_hh: Tensor<F>,
    /// `[gates·hidden]`.
    pub bias_ih: Option<Tensor<F>>,
    /// `[gates·hidden]`.
    pub bias_hh: Option<Tensor<F>>,
}

impl<F: Float> RecurrentWeights<F> {
    /// Every parameter is drawn from `U(-k, k)` with `k = 1/√hidden`; `name` is for the panic messages.
    #[track_caller]
    pub(crate) fn new(
        name: &str,
        gates: usize,
        [inputs, hidden]: [usize; 2],
        bias: bool,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        assert!(hidden > 0, "{name}: hidden must be at least 1, got 0");
        // Saturated, the shape is refused.
        let rows = hidden.saturating_mul(gates);
        // All shapes, before anything is allocated.
        checked_size::<F>(name, &[rows, inputs]);
        checked_size::<F>(name, &[rows, hidden]);
        let weight_ih = parameter(&[rows, inputs], hidden, rng);
        let weight_hh = parameter(&[rows, hidden], hidden, rng);
        if !bias {
            return RecurrentWeights { weight_ih, weight_hh, bias_ih: None, bias_hh: None };
        }
        let bias_ih = Some(parameter(&[rows], hidden, rng));
        let bias_hh = Some(parameter(&[rows], hidden, rng));
        RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh }
    }

    /// The sum of both biases; 0 if there are none.
    #[track_caller]
    pub(super) fn bias(&self) -> Tensor<F> {
        match (&self.bias_ih, &self.bias_hh) {
            (Some(ih), Some(hh)) => ih + hh,
            (Some(bias), None) | (None, Some(bias)) => bias.clone(),
            (None, None) => Tensor::zeros(&self.weight_hh.shape()[..1]),
        }
    }
}

#[track_caller]
fn parameter<F: Float>(shape: &[usize], hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
    let bound = 1.0 / (hidden as f64).sqrt();
    Tensor::param(init::uniform(shape, -bound..=bound, rng))
}

/// The sizes `[in, hidden]` of a cell or layer.
///
/// # Panics
/// If the shapes of the weights do not fit each other.
#[track_caller]
pub(crate) fn sizes(name: &str, gates: usize, weight_ih: &[usize], weight_hh: &[usize]) -> [usize; 2] {
    match (weight_ih, weight_hh) {
        (&[rows, inputs], &[same, hidden]) if rows == same && Some(rows) == hidden.checked_mul(gates) => {
            [inputs, hidden]
        }
        (ih, hh) => {
            let rows = if gates == 1 { "hidden".to_owned() } else { format!("{gates}·hidden") };
            panic!(
                "{name}: weight_ih has shape {ih:?} and weight_hh {hh:?}, but they must be [{rows}, in] and [{rows}, \
                 hidden]"
            )
        }
    }
}

/// The weights of a cell, with its name for the panic messages.
pub(crate) struct Cell<'a, F: Float> {
    pub(crate) name: &'static str,
    pub(crate) gates: usize,
    pub(crate) weights: [&'a Tensor<F>; 2],
    pub(crate) biases: [&'a Option<Tensor<F>>; 2],
}

impl<F: Float> Cell<'_, F> {
    /// The products with the input and with the first state, each with its bias, `[N, gates·hidden]` or `[gates·hidden]`;
    /// and the states, which are zero if there are none.
    ///
    /// # Panics
    /// On a shape mismatch between input, states and weights.
    #[track_caller]
    pub(crate) fn products<const S: usize>(
        &self,
        x: &Tensor<F>,
        states: Option<[(&str, &Tensor<F>); S]>,
    ) -> ([Tensor<F>; 2], [Tensor<F>; S]) {
        let &Cell { name, gates, weights: [weight_ih, weight_hh], biases: [bias_ih, bias_hh] } = self;
        let [inputs, hidden] = sizes(name, gates, weight_ih.shape(), weight_hh.shape());
        let wanted = match x.shape() {
            [batch @ .., features] if batch.len() < 2 && *features == inputs => [batch, &[hidden]].concat(),
            shape => panic!("{name} of {shape:?}: the input must be [N, {inputs}] or [{inputs}]"),
        };
        let states = match states {
            Some(states) => {
                for (state, tensor) in states {
                    assert_state(name, x.shape(), state, tensor.shape(), &wanted);
                }
                states.map(|(_, tensor)| tensor.clone())
            }
            None => std::array::from_fn(|_| Tensor::zeros(&wanted)),
        };
        let input = x.linear(weight_ih, bias_ih.as_ref());
        ([input, states[0].linear(weight_hh, bias_hh.as_ref())], states)
    }
}

/// Panics if a state does not have the shape that an input of shape `x` requires.
#[track_caller]
pub(crate) fn assert_state(name: &str, x: &[usize], state: &str, shape: &[usize], wanted: &[usize]) {
    assert!(shape == wanted, "{name} of {x:?}: {state} has shape {shape:?}, but must be {wanted:?}");
}

/// What PyTorch appends to the names of the parameters of weights number `number` in a list.
fn suffix(number: usize, bidirectional: bool) -> String {
    match bidirectional {
        false => format!("_l{number}"),
        true => format!("_l{}{}", number / 2, if number % 2 == 1 { "_reverse" } else { "" }),
    }
}

/// [`Params::visit`] with PyTorch's names: `weight_ih_l0`, `weight_hh_l0_reverse`, ...
pub(super) fn visit<'a, F: Float>(
    weights: &'a [RecurrentWeights<F>],
    bidirectional: bool,
    path: &Path<'_>,
    visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>),
) {
    for (number, RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh }) in weights.iter().enumerate() {
        let suffix = suffix(number, bidirectional);
        weight_ih.visit(&path.field(&format!("weight_ih{suffix}")), visitor);
        weight_hh.visit(&path.field(&format!("weight_hh{suffix}")), visitor);
        bias_ih.visit(&path.field(&format!("bias_ih{suffix}")), visitor);
        bias_hh.visit(&path.field(&format!("bias_hh{suffix}")), visitor);
    }
}

/// [`visit`], mutably.
pub(super) fn visit_mut<'a, F: Float>(
    weights: &'a mut [RecurrentWeights<F>],
    bidirectional: bool,
    path: &Path<'_>,
    visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>),
) {
    for (number, RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh }) in weights.iter_mut().enumerate() {
        let suffix = suffix(number, bidirectional);
        weight_ih.visit_mut(&path.field(&format!("weight_ih{suffix}")), visitor);
        weight_hh.visit_mut(&path.field(&format!("weight_hh{suffix}")), visitor);
        bias_ih.visit_mut(&path.field(&format!("bias_ih{suffix}")), visitor);
        bias_hh.visit_mut(&path.field(&format!("bias_hh{suffix}")), visitor);
    }
}
