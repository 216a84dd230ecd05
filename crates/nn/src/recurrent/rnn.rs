//! Elman networks over whole sequences; for the formula see [`RnnCell`](crate::RnnCell).

use downhill_tensor::{Float, Params, Path, Tensor, compiled};
use rand::Rng;

use super::rnn_sequence::rnn_sequence;
use super::stack::{Sequence, Stack, new_weights};
use super::steps::Steps;
use super::weights::RecurrentWeights;
use super::{RecurrentOptions, weights};
use crate::rnn_cell::RnnNonlinearity;

/// Elman networks over whole sequences: [`RnnCell`](crate::RnnCell) at every step, in one or several layers, each in one
/// or both directions.
///
/// | | shape |
/// |---|---|
/// | input | `[T, N, in]`: time, batch, features; `[N, T, in]` if `batch_first`; `[T, in]` for a single sequence |
/// | output | as the input, with `directions·hidden` features: the states of the last layer at every step |
/// | state | `[layers·directions, N, hidden]`, or `[layers·directions, hidden]` for a single sequence; zero if it is not given |
///
/// Names, layouts, defaults and initialization are PyTorch's, time first too: all parameters are drawn from `U(-k, k)`
/// with `k = 1/√hidden`, and are called `weight_ih_l0`, ..., `bias_hh_l1_reverse`.
///
/// ```
/// use downhill_nn::{Rnn, RnnNonlinearity};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let rnn: Rnn = Rnn::new(8, 16, &mut rng);
/// let x = Tensor::randn(&[20, 4, 8], &mut rng);
/// let (output, h) = rnn.forward(&x, None);
/// assert_eq!((output.shape(), h.shape()), ([20, 4, 16].as_slice(), [1, 4, 16].as_slice()));
/// assert_eq!(output.narrow(0, 19, 1), h);
///
/// let rectified = Rnn { nonlinearity: RnnNonlinearity::Relu, ..rnn };
/// assert!(rectified.forward(&x, None).0.min().item() >= 0.0);
/// ```
///
/// Because it takes a state, the layer is not a [`Module`](crate::Module) and `forward` is an inherent method.
#[doc(alias = "RNN")]
#[derive(Clone, Debug)]
pub struct Rnn<F: Float = f32> {
    /// The weights of layer `l` are number `l`; if there are two directions, numbers `2·l` and `2·l + 1`.
    pub weights: Vec<RecurrentWeights<F>>,
    /// `tanh` or `relu`.
    pub nonlinearity: RnnNonlinearity,
    /// See [`RecurrentOptions`].
    pub bidirectional: bool,
    /// See [`RecurrentOptions`].
    pub dropout: f64,
    /// See [`RecurrentOptions`].
    pub batch_first: bool,
}

impl<F: Float> Params<F> for Rnn<F> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        weights::visit(&self.weights, self.bidirectional, path, visitor);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        weights::visit_mut(&mut self.weights, self.bidirectional, path, visitor);
    }
}

impl<F: Float> Rnn<F> {
    /// One layer in one direction with `tanh`, from `inputs` features to `hidden`, with random weights and biases.
    ///
    /// # Panics
    /// If `hidden` is 0, a shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(inputs: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::with_options(inputs, hidden, RecurrentOptions::default(), rng)
    }

    /// [`new`](Self::new) with options.
    ///
    /// # Panics
    /// As [`new`](Self::new), or if `num_layers` is 0 or `dropout` is not in [0, 1].
    #[track_caller]
    pub fn with_options(
        inputs: usize,
        hidden: usize,
        options: RecurrentOptions,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let weights = new_weights("Rnn", 1, [inputs, hidden], options, rng);
        let RecurrentOptions { bidirectional, dropout, batch_first, .. } = options;
        Rnn { weights, nonlinearity: RnnNonlinearity::Tanh, bidirectional, dropout, batch_first }
    }

    /// The outputs at every step, and the final state.
    ///
    /// # Panics
    /// On a shape mismatch between input, state and weights.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, state: Option<&Tensor<F>>) -> (Tensor<F>, Tensor<F>) {
        self.run(x, None, state)
    }

    /// [`forward`](Self::forward) for sequences of different lengths, padded to a common one. Every sequence gives what
    /// it gives alone (but for dropout, which is drawn for the padded batch): its output after its end is 0, its final
    /// state is that at its end, and the reverse direction starts at its last element. The padding may contain anything,
    /// and gets no gradient.
    ///
    /// This is PyTorch's `pack_padded_sequence`, without sorting or packing. A length may be 0: the final state is then
    /// the initial one.
    ///
    /// ```
    /// use downhill_nn::Rnn;
    /// use downhill_tensor::Tensor;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let rnn: Rnn = Rnn::new(8, 16, &mut rng);
    /// let x = Tensor::randn(&[20, 2, 8], &mut rng);
    /// let (output, h) = rnn.forward_lengths(&x, &[20, 7], None);
    /// let (_, alone) = rnn.forward(&x.narrow(0, 0, 7).narrow(1, 1, 1), None);
    /// assert!((h.narrow(1, 1, 1) - alone).abs().max().item() < 1e-6);
    /// assert_eq!(output.narrow(0, 7, 13).narrow(1, 1, 1), Tensor::zeros(&[13, 1, 16]));
    /// ```
    ///
    /// # Panics
    /// As [`forward`](Self::forward), or if there is not one length for each sequence, or one exceeds the number of
    /// steps.
    #[doc(alias("pack_padded_sequence", "pad_packed_sequence"))]
    #[track_caller]
    pub fn forward_lengths(
        &self,
        x: &Tensor<F>,
        lengths: &[usize],
        state: Option<&Tensor<F>>,
    ) -> (Tensor<F>, Tensor<F>) {
        self.run(x, Some(lengths), state)
    }

    #[track_caller]
    #[inline(never)]
    pub(super) fn run(
        &self,
        x: &Tensor<F>,
        lengths: Option<&[usize]>,
        state: Option<&Tensor<F>>,
    ) -> (Tensor<F>, Tensor<F>) {
        let &Rnn { ref weights, bidirectional, dropout, batch_first, .. } = self;
        let stack = Stack { name: "Rnn", gates: 1, weights, bidirectional, dropout, batch_first };
        let (output, [h]) = stack.forward(self, x, lengths, state.map(|h| [("h", h)]));
        (output, h)
    }
}

impl<F: Float> Sequence<F, 1> for Rnn<F> {
    fn over(&self, x: &Tensor<F>, weights: &RecurrentWeights<F>, [h]: [&Tensor<F>; 1], steps: Steps) -> Tensor<F> {
        let (bias, both) = (weights.bias(), [&weights.weight_ih, &weights.weight_hh]);
        rnn_sequence(self.nonlinearity, x, both, &bias, h, steps)
    }
}

compiled!(fn(&Rnn<F>, &Tensor<F>, Option<&[usize]>, Option<&Tensor<F>>) -> (Tensor<F>, Tensor<F>) = Rnn::<F>::run);
