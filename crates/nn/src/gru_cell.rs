//! One step of a gated recurrent unit:
//!
//! ```text
//! r = σ(x·W_irᵀ + b_ir + h·W_hrᵀ + b_hr)
//! z = σ(x·W_izᵀ + b_iz + h·W_hzᵀ + b_hz)
//! n = tanh(x·W_inᵀ + b_in + r·(h·W_hnᵀ + b_hn))
//! h' = (1 - z)·n + z·h
//! ```
//!
//! Cho et al., arXiv 1406.1078. As in PyTorch, `r` scales the product with the state, and not the state before the
//! product as in the paper: so all products of a step are one.

use downhill_tensor::{Float, Params, Tensor};
use rand::Rng;

use crate::recurrent::weights::{Cell, RecurrentWeights};

/// The cell of a gated recurrent unit: maps an input, `[N, in]` or `[in]`, and a state, `[N, hidden]` or `[hidden]`, to
/// the next state, which is the output. Without a state, it is zero.
///
/// Names, layout and initialization are PyTorch's: all parameters are drawn from `U(-k, k)` with `k = 1/√hidden`. For
/// whole sequences, see [`Gru`](crate::Gru).
///
/// ```
/// use downhill_nn::GruCell;
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let cell: GruCell = GruCell::new(8, 16, &mut rng);
/// let mut h = None;
/// for _ in 0..5 {
///     let x = Tensor::randn(&[4, 8], &mut rng);
///     h = Some(cell.forward(&x, h.as_ref()));
/// }
/// assert_eq!(h.unwrap().shape(), [4, 16]);
/// ```
#[doc(alias = "GRUCell")]
#[derive(Clone, Debug, Params)]
pub struct GruCell<F: Float = f32> {
    /// `[3·hidden, in]`: the blocks r, z and n.
    pub weight_ih: Tensor<F>,
    /// `[3·hidden, hidden]`.
    pub weight_hh: Tensor<F>,
    /// `[3·hidden]`.
    pub bias_ih: Option<Tensor<F>>,
    /// `[3·hidden]`.
    pub bias_hh: Option<Tensor<F>>,
}

impl<F: Float> GruCell<F> {
    /// A cell with `inputs` features and a state of size `hidden`, with random weights and biases.
    ///
    /// # Panics
    /// If `hidden` is 0, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("GruCell", 3, [inputs, hidden], true, rng))
    }

    /// [`new`](Self::new) without biases.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("GruCell", 3, [inputs, hidden], false, rng))
    }

    fn from_weights(weights: RecurrentWeights<F>) -> Self {
        let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = weights;
        GruCell { weight_ih, weight_hh, bias_ih, bias_hh }
    }

    /// The next state.
    ///
    /// # Panics
    /// On a shape mismatch between input, state and weights.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, state: Option<&Tensor<F>>) -> Tensor<F> {
        let GruCell { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        let cell = Cell { name: "GruCell", gates: 3, weights: [weight_ih, weight_hh], biases: [bias_ih, bias_hh] };
        let ([input, product], [h]) = cell.products(x, state.map(|h| [("h", h)]));
        next_state(&input, &product, &h)
    }
}

/// The next state, given the products with the input and with the state, each with its bias: `[N, 3·hidden]` or
/// `[3·hidden]`.
#[track_caller]
pub(crate) fn next_state<F: Float>(input: &Tensor<F>, product: &Tensor<F>, h: &Tensor<F>) -> Tensor<F> {
    let hidden = h.shape()[h.ndim() - 1];
    let both = input.narrow(-1, 0, 2 * hidden) + product.narrow(-1, 0, 2 * hidden);
    let (r, z) = (both.narrow(-1, 0, hidden).sigmoid(), both.narrow(-1, hidden, hidden).sigmoid());
    let n = (input.narrow(-1, 2 * hidden, hidden) + r * product.narrow(-1, 2 * hidden, hidden)).tanh();
    // (1 - z)·n + z·h, with one product.
    z * (h - &n) + n
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
        let cell = GruCell::<f64>::new(300, 100, &mut rng());
        let tree: Vec<_> = cell.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        let expected = [
            ("weight_ih", vec![300, 300]),
            ("weight_hh", vec![300, 100]),
            ("bias_ih", vec![300]),
            ("bias_hh", vec![300]),
        ];
        assert_eq!(tree, expected.map(|(path, shape)| (path.to_owned(), shape)));
        for (_, w) in cell.params() {
            assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
            assert!(w.abs().max().item() <= 0.1);
        }
        assert_eq!(GruCell::<f64>::without_bias(5, 2, &mut rng()).num_params(), 6 * 7);
    }

    /// With saturated gates: keep the state, replace it, and leave the product with the state in or out.
    #[test]
    fn gates() {
        let cell = |[r, z, n]: [f64; 3]| GruCell {
            weight_ih: Tensor::zeros(&[3, 1]),
            weight_hh: Tensor::from([[0.0], [0.0], [2.0]]),
            bias_ih: Some(Tensor::from([r, z, n])),
            bias_hh: Some(Tensor::from([0.0, 0.0, 0.125])),
        };
        let (x, h) = (Tensor::from([1.0]), Tensor::from([0.25]));
        let next = |biases: [f64; 3]| cell(biases).forward(&x, Some(&h)).item();
        let tanh = |x: f64| Tensor::from(x).tanh().item();
        assert_eq!(next([-800.0, -800.0, 0.5]), tanh(0.5));
        assert_eq!(next([800.0, -800.0, 0.5]), tanh(0.5 + 2.0 * 0.25 + 0.125));
        // Here z·h + (1 - z)·n is rounded.
        assert!((next([0.0, 800.0, 7.0]) - 0.25).abs() < 1e-15);
        assert!((next([800.0, 0.0, 0.375]) - (tanh(1.0) + 0.25) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn no_state_is_zeros() {
        let cell = GruCell::<f64>::new(3, 2, &mut rng());
        for shape in [&[4, 3][..], &[3], &[0, 3]] {
            let x = Tensor::randn(shape, &mut rng());
            let zeros = Tensor::zeros(&[&shape[..shape.len() - 1], &[2]].concat());
            assert_eq!(cell.forward(&x, None), cell.forward(&x, Some(&zeros)));
        }
    }

    #[test]
    fn derivatives_through_time() {
        let cell = GruCell::<f64>::new(2, 2, &mut rng());
        let x = Tensor::randn(&[3, 2], &mut rng());
        let loss = |[x, w, u, b]: [&Tensor<f64>; 4]| {
            let cell = GruCell { weight_ih: w.clone(), weight_hh: u.clone(), bias_hh: Some(b.clone()), ..cell.clone() };
            let first = cell.forward(x, None);
            cell.forward(x, Some(&first)).square().sum()
        };
        let inputs = [&x, &cell.weight_ih, &cell.weight_hh, cell.bias_hh.as_ref().unwrap()];
        gradcheck(loss, inputs, Check::order(2)).unwrap();
    }

    #[test]
    #[should_panic(expected = "GruCell of [4, 2]: the input must be [N, 3] or [3]")]
    fn other_features() {
        GruCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 2]), None);
    }

    #[test]
    #[should_panic(expected = "GruCell of [4, 3]: h has shape [2, 2], but must be [4, 2]")]
    fn another_batch() {
        GruCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 3]), Some(&Tensor::zeros(&[2, 2])));
    }
}
