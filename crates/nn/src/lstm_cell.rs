//! One step of a long short-term memory:
//!
//! ```text
//! i, f, g, o = x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh      (four blocks along the last axis, in this order)
//! c' = σ(f)·c + σ(i)·tanh(g)
//! h' = σ(o)·tanh(c')
//! ```
//!
//! Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; with the forget gate of Gers,
//! Schmidhuber and Cummins, 2000.

use downhill_tensor::{Float, Params, Tensor};
use rand::Rng;

use crate::recurrent::weights::{Cell, RecurrentWeights};

/// The LSTM cell: maps an input, `[N, in]` or `[in]`, and a state `(h, c)`, each `[N, hidden]` or `[hidden]`, to the
/// next state, whose `h` is the output. Without a state, both are zero.
///
/// Because it takes a state, the cell is not a [`Module`](crate::Module) and `forward` is an inherent method. Names,
/// layout and initialization are PyTorch's: all parameters are drawn from `U(-k, k)` with `k = 1/√hidden`. For whole
/// sequences, see [`Lstm`](crate::Lstm).
///
/// ```
/// use downhill_nn::LstmCell;
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let cell: LstmCell = LstmCell::new(8, 16, &mut rng);
/// let mut state = None;
/// for _ in 0..5 {
///     let x = Tensor::randn(&[4, 8], &mut rng);
///     state = Some(cell.forward(&x, state.as_ref()));
/// }
/// let (h, c) = state.unwrap();
/// assert_eq!((h.shape(), c.shape()), ([4, 16].as_slice(), [4, 16].as_slice()));
/// ```
#[doc(alias = "LSTMCell")]
#[derive(Clone, Debug, Params)]
pub struct LstmCell<F: Float = f32> {
    /// `[4·hidden, in]`: the blocks i, f, g and o.
    pub weight_ih: Tensor<F>,
    /// `[4·hidden, hidden]`.
    pub weight_hh: Tensor<F>,
    /// `[4·hidden]`.
    pub bias_ih: Option<Tensor<F>>,
    /// `[4·hidden]`.
    pub bias_hh: Option<Tensor<F>>,
}

impl<F: Float> LstmCell<F> {
    /// A cell with `inputs` features and a state of size `hidden`, with random weights and biases.
    ///
    /// # Panics
    /// If `hidden` is 0, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("LstmCell", 4, [inputs, hidden], true, rng))
    }

    /// [`new`](Self::new) without biases.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("LstmCell", 4, [inputs, hidden], false, rng))
    }

    fn from_weights(weights: RecurrentWeights<F>) -> Self {
        let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = weights;
        LstmCell { weight_ih, weight_hh, bias_ih, bias_hh }
    }

    /// The next state, `(h', c')`.
    ///
    /// # Panics
    /// On a shape mismatch between input, state and weights.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, state: Option<&(Tensor<F>, Tensor<F>)>) -> (Tensor<F>, Tensor<F>) {
        let LstmCell { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        let cell = Cell { name: "LstmCell", gates: 4, weights: [weight_ih, weight_hh], biases: [bias_ih, bias_hh] };
        let ([input, product], [_, c]) = cell.products(x, state.map(|(h, c)| [("h", h), ("c", c)]));
        next_state(&(input + product), &c)
    }
}

/// The next state `(h', c')`, given the pre-activations of the gates, `[N, 4·hidden]` or `[4·hidden]`.
#[track_caller]
pub(crate) fn next_state<F: Float>(gates: &Tensor<F>, c: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
    let hidden = gates.shape()[gates.ndim() - 1] / 4;
    let part = |number: usize| gates.narrow(-1, number * hidden, hidden);
    let (i, f, g, o) = (part(0).sigmoid(), part(1).sigmoid(), part(2).tanh(), part(3).sigmoid());
    let c = f * c + i * g;
    (o * c.tanh(), c)
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init::testing::assert_moments;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn names_shapes_and_start_are_pytorchs() {
        let cell = LstmCell::<f64>::new(500, 100, &mut rng());
        let tree: Vec<_> = cell.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        let expected = [
            ("weight_ih", vec![400, 500]),
            ("weight_hh", vec![400, 100]),
            ("bias_ih", vec![400]),
            ("bias_hh", vec![400]),
        ];
        assert_eq!(tree, expected.map(|(path, shape)| (path.to_owned(), shape)));
        for (_, w) in cell.params() {
            assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
            assert!(w.abs().max().item() <= 0.1);
        }
        assert_eq!(LstmCell::<f64>::without_bias(5, 2, &mut rng()).num_params(), 8 * 7);
    }

    /// With saturated gates: keep the state, overwrite it, hide it.
    #[test]
    fn gates() {
        let cell = |[i, f, g, o]: [f64; 4]| LstmCell {
            weight_ih: Tensor::zeros(&[4, 1]),
            weight_hh: Tensor::zeros(&[4, 1]),
            bias_ih: Some(Tensor::from([i, f, g, o])),
            bias_hh: None,
        };
        let (x, state) = (Tensor::from([1.0]), (Tensor::from([0.5]), Tensor::from([0.25])));
        let next = |biases: [f64; 4]| {
            let (h, c) = cell(biases).forward(&x, Some(&state));
            (h.item(), c.item())
        };
        assert_eq!(next([-800.0, 800.0, 0.0, 800.0]), (0.25_f64.tanh(), 0.25));
        assert_eq!(next([800.0, -800.0, 800.0, 800.0]), (1.0_f64.tanh(), 1.0));
        assert_eq!(next([800.0, 800.0, 800.0, -800.0]), (0.0, 1.25));
    }

    #[test]
    fn no_state_is_zeros() {
        let cell = LstmCell::<f64>::new(3, 2, &mut rng());
        for shape in [&[4, 3][..], &[3], &[0, 3]] {
            let x = Tensor::randn(shape, &mut rng());
            let zeros = Tensor::zeros(&[&shape[..shape.len() - 1], &[2]].concat());
            assert_eq!(cell.forward(&x, None), cell.forward(&x, Some(&(zeros.clone(), zeros))));
        }
    }

    #[test]
    fn derivatives_through_time() {
        let cell = LstmCell::<f64>::new(2, 2, &mut rng());
        let x = Tensor::randn(&[3, 2], &mut rng());
        let loss = |[x, w, u, b]: [&Tensor<f64>; 4]| {
            let cell =
                LstmCell { weight_ih: w.clone(), weight_hh: u.clone(), bias_hh: Some(b.clone()), ..cell.clone() };
            let first = cell.forward(x, None);
            let (h, c) = cell.forward(x, Some(&first));
            (h + c.square()).sum()
        };
        let inputs = [&x, &cell.weight_ih, &cell.weight_hh, cell.bias_hh.as_ref().unwrap()];
        gradcheck(loss, inputs, Check::order(2)).unwrap();
    }

    #[test]
    #[should_panic(expected = "LstmCell of [4, 2]: the input must be [N, 3] or [3]")]
    fn other_features() {
        LstmCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 2]), None);
    }

    #[test]
    #[should_panic(expected = "LstmCell of [4, 3]: c has shape [2, 2], but must be [4, 2]")]
    fn another_batch() {
        let state = (Tensor::zeros(&[4, 2]), Tensor::zeros(&[2, 2]));
        LstmCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 3]), Some(&state));
    }
}
