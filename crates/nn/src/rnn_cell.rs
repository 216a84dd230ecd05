//! One step of an Elman network: `h' = tanh(x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh)`, or `relu` instead of `tanh`.
//!
//! Elman, "Finding structure in time", Cognitive Science 14, 1990.

use downhill_tensor::{Float, Params, Tensor};
use rand::Rng;

use crate::recurrent::weights::{Cell, RecurrentWeights};

/// The function that an Elman network applies: that of [`RnnCell`] and [`Rnn`](crate::Rnn).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RnnNonlinearity {
    /// The hyperbolic tangent, PyTorch's default.
    #[default]
    Tanh,
    /// The rectifier.
    Relu,
}

impl RnnNonlinearity {
    /// The function of every element.
    pub fn apply<F: Float>(self, x: &Tensor<F>) -> Tensor<F> {
        match self {
            RnnNonlinearity::Tanh => x.tanh(),
            RnnNonlinearity::Relu => x.relu(),
        }
    }
}

/// The cell of an Elman network: maps an input, `[N, in]` or `[in]`, and a state, `[N, hidden]` or `[hidden]`, to the
/// next state, which is the output. Without a state, it is zero.
///
/// Names, layout and initialization are PyTorch's: all parameters are drawn from `U(-k, k)` with `k = 1/√hidden`. For
/// whole sequences, see [`Rnn`](crate::Rnn).
///
/// ```
/// use downhill_nn::{RnnCell, RnnNonlinearity};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let cell: RnnCell = RnnCell::new(8, 16, &mut rng);
/// let x = Tensor::randn(&[4, 8], &mut rng);
/// let h = cell.forward(&x, None);
/// assert_eq!(cell.forward(&x, Some(&h)).shape(), [4, 16]);
///
/// let rectified = RnnCell { nonlinearity: RnnNonlinearity::Relu, ..cell };
/// assert!(rectified.forward(&x, None).min().item() >= 0.0);
/// ```
#[doc(alias = "RNNCell")]
#[derive(Clone, Debug, Params)]
pub struct RnnCell<F: Float = f32> {
    /// `[hidden, in]`.
    pub weight_ih: Tensor<F>,
    /// `[hidden, hidden]`.
    pub weight_hh: Tensor<F>,
    /// `[hidden]`.
    pub bias_ih: Option<Tensor<F>>,
    /// `[hidden]`.
    pub bias_hh: Option<Tensor<F>>,
    /// `tanh` or `relu`.
    #[params(skip)]
    pub nonlinearity: RnnNonlinearity,
}

impl<F: Float> RnnCell<F> {
    /// A `tanh` cell with `inputs` features and a state of size `hidden`, with random weights and biases.
    ///
    /// # Panics
    /// If `hidden` is 0, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("RnnCell", 1, [inputs, hidden], true, rng))
    }

    /// [`new`](Self::new) without biases.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn without_bias(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(RecurrentWeights::new("RnnCell", 1, [inputs, hidden], false, rng))
    }

    fn from_weights(weights: RecurrentWeights<F>) -> Self {
        let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = weights;
        RnnCell { weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity: RnnNonlinearity::Tanh }
    }

    /// The next state.
    ///
    /// # Panics
    /// On a shape mismatch between input, state and weights.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, state: Option<&Tensor<F>>) -> Tensor<F> {
        let RnnCell { weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity } = self;
        let cell = Cell { name: "RnnCell", gates: 1, weights: [weight_ih, weight_hh], biases: [bias_ih, bias_hh] };
        let ([input, product], _) = cell.products(x, state.map(|h| [("h", h)]));
        nonlinearity.apply(&(input + product))
    }
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
        let cell = RnnCell::<f64>::new(300, 100, &mut rng());
        let tree: Vec<_> = cell.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        let expected = [
            ("weight_ih", vec![100, 300]),
            ("weight_hh", vec![100, 100]),
            ("bias_ih", vec![100]),
            ("bias_hh", vec![100]),
        ];
        assert_eq!(tree, expected.map(|(path, shape)| (path.to_owned(), shape)));
        for (_, w) in cell.params() {
            assert_moments(w, 0.0, 0.1 / 3.0_f64.sqrt(), 1.8);
            assert!(w.abs().max().item() <= 0.1);
        }
        assert_eq!(RnnCell::<f64>::without_bias(5, 2, &mut rng()).num_params(), 2 * 7);
    }

    /// tanh and max(x, 0) of 2·1 + 0.5 - 3·h + 0.25.
    #[test]
    fn values_by_hand() {
        let mut cell = RnnCell {
            weight_ih: Tensor::from([[2.0]]),
            weight_hh: Tensor::from([[-3.0]]),
            bias_ih: Some(Tensor::from([0.5])),
            bias_hh: Some(Tensor::from([0.25])),
            nonlinearity: RnnNonlinearity::Tanh,
        };
        let x = Tensor::from([1.0]);
        assert_eq!(cell.forward(&x, None).item(), Tensor::from(2.75).tanh().item());
        assert_eq!(cell.forward(&x, Some(&Tensor::from([0.5]))).item(), Tensor::from(1.25).tanh().item());
        cell.nonlinearity = RnnNonlinearity::Relu;
        assert_eq!(cell.forward(&x, Some(&Tensor::from([0.5]))).item(), 1.25);
        assert_eq!(cell.forward(&x, Some(&Tensor::from([1.0]))).item(), 0.0);
    }

    #[test]
    fn no_state_is_zeros() {
        let cell = RnnCell::<f64>::new(3, 2, &mut rng());
        for shape in [&[4, 3][..], &[3], &[0, 3]] {
            let x = Tensor::randn(shape, &mut rng());
            let zeros = Tensor::zeros(&[&shape[..shape.len() - 1], &[2]].concat());
            assert_eq!(cell.forward(&x, None), cell.forward(&x, Some(&zeros)));
        }
    }

    #[test]
    fn derivatives_through_time() {
        for nonlinearity in [RnnNonlinearity::Tanh, RnnNonlinearity::Relu] {
            let cell = RnnCell::<f64> { nonlinearity, ..RnnCell::new(2, 2, &mut rng()) };
            let x = Tensor::randn(&[3, 2], &mut rng());
            let loss = |[x, w, u, b]: [&Tensor<f64>; 4]| {
                let cell =
                    RnnCell { weight_ih: w.clone(), weight_hh: u.clone(), bias_hh: Some(b.clone()), ..cell.clone() };
                let first = cell.forward(x, None);
                cell.forward(x, Some(&first)).square().sum()
            };
            let inputs = [&x, &cell.weight_ih, &cell.weight_hh, cell.bias_hh.as_ref().unwrap()];
            gradcheck(loss, inputs, Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "RnnCell of [4, 2]: the input must be [N, 3] or [3]")]
    fn other_features() {
        RnnCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 2]), None);
    }

    #[test]
    #[should_panic(expected = "RnnCell of [4, 3]: h has shape [2, 2], but must be [4, 2]")]
    fn another_batch() {
        RnnCell::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros(&[4, 3]), Some(&Tensor::zeros(&[2, 2])));
    }

    #[test]
    #[should_panic(
        expected = "RnnCell: weight_ih has shape [3, 2] and weight_hh [2, 2], but they must be [hidden, in]"
    )]
    fn weights_of_two_cells() {
        let cell = RnnCell::<f32>::new(2, 2, &mut rng());
        RnnCell { weight_ih: Tensor::zeros(&[3, 2]), ..cell }.forward(&Tensor::zeros(&[4, 2]), None);
    }
}
