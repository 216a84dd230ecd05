//! Long short-term memory over whole sequences; for the formula see [`LstmCell`](crate::LstmCell).
//!
//! One operation runs a layer over the whole sequence, for speed: composed of cells, every step would record a dozen
//! operations (`cargo bench -p downhill-benches --bench steps network_g` compares the two).

use downhill_tensor::{Float, Params, Path, Tensor, compiled};
use rand::Rng;

use super::lstm_sequence::lstm_sequence;
use super::stack::{Sequence, Stack, new_weights};
use super::steps::Steps;
use super::weights::RecurrentWeights;
use super::{RecurrentOptions, weights};

/// Long short-term memory over whole sequences: [`LstmCell`](crate::LstmCell) at every step, in one or several layers,
/// each in one or both directions.
///
/// | | shape |
/// |---|---|
/// | input | `[T, N, in]`: time, batch, features; `[N, T, in]` if `batch_first`; `[T, in]` for a single sequence |
/// | output | as the input, with `directions·hidden` features: the states h of the last layer at every step |
/// | state `(h, c)` | each `[layers·directions, N, hidden]`, or `[layers·directions, hidden]` for a single sequence; zero if it is not given |
///
/// Names, layouts, defaults and initialization are PyTorch's, time first too: all parameters are drawn from `U(-k, k)`
/// with `k = 1/√hidden`, and are called `weight_ih_l0`, ..., `bias_hh_l1_reverse`. Of PyTorch's options only `proj_size`
/// is missing: its h would have another size than c, and a [`Linear`](crate::Linear) layer projects outputs as well.
///
/// ```
/// use downhill_nn::Lstm;
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let lstm: Lstm = Lstm::new(8, 16, &mut rng);
/// let x = Tensor::randn(&[20, 4, 8], &mut rng);
/// let (output, state) = lstm.forward(&x, None);
/// assert_eq!((output.shape(), state.0.shape()), ([20, 4, 16].as_slice(), [1, 4, 16].as_slice()));
///
/// // The state continues the sequence: the two halves give what the whole gives.
/// let (_, middle) = lstm.forward(&x.narrow(0, 0, 10), None);
/// let (rest, _) = lstm.forward(&x.narrow(0, 10, 10), Some(&middle));
/// assert!((rest - output.narrow(0, 10, 10)).abs().max().item() < 1e-6);
/// ```
///
/// Because it takes a state, the layer is not a [`Module`](crate::Module) and `forward` is an inherent method.
#[doc(alias = "LSTM")]
#[derive(Clone, Debug)]
pub struct Lstm<F: Float = f32> {
    /// The weights of layer `l` are number `l`; if there are two directions, numbers `2·l` and `2·l + 1`. The gates are
    /// i, f, g and o.
    pub weights: Vec<RecurrentWeights<F>>,
    /// See [`RecurrentOptions`].
    pub bidirectional: bool,
    /// See [`RecurrentOptions`].
    pub dropout: f64,
    /// See [`RecurrentOptions`].
    pub batch_first: bool,
}

impl<F: Float> Params<F> for Lstm<F> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        weights::visit(&self.weights, self.bidirectional, path, visitor);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        weights::visit_mut(&mut self.weights, self.bidirectional, path, visitor);
    }
}

impl<F: Float> Lstm<F> {
    /// One layer in one direction, from `inputs` features to `hidden`, with random weights and biases.
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
        let weights = new_weights("Lstm", 4, [inputs, hidden], options, rng);
        let RecurrentOptions { bidirectional, dropout, batch_first, .. } = options;
        Lstm { weights, bidirectional, dropout, batch_first }
    }

    /// The outputs at every step, and the final state `(h, c)`.
    ///
    /// # Panics
    /// On a shape mismatch between input, state and weights.
    #[track_caller]
    pub fn forward(
        &self,
        x: &Tensor<F>,
        state: Option<&(Tensor<F>, Tensor<F>)>,
    ) -> (Tensor<F>, (Tensor<F>, Tensor<F>)) {
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
    /// use downhill_nn::Lstm;
    /// use downhill_tensor::Tensor;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let lstm: Lstm = Lstm::new(8, 16, &mut rng);
    /// let x = Tensor::randn(&[20, 2, 8], &mut rng);
    /// let (output, (h, _)) = lstm.forward_lengths(&x, &[20, 7], None);
    /// let (_, (alone, _)) = lstm.forward(&x.narrow(0, 0, 7).narrow(1, 1, 1), None);
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
        state: Option<&(Tensor<F>, Tensor<F>)>,
    ) -> (Tensor<F>, (Tensor<F>, Tensor<F>)) {
        self.run(x, Some(lengths), state)
    }

    #[track_caller]
    #[inline(never)]
    #[allow(clippy::type_complexity)]
    pub(super) fn run(
        &self,
        x: &Tensor<F>,
        lengths: Option<&[usize]>,
        state: Option<&(Tensor<F>, Tensor<F>)>,
    ) -> (Tensor<F>, (Tensor<F>, Tensor<F>)) {
        let &Lstm { ref weights, bidirectional, dropout, batch_first } = self;
        let stack = Stack { name: "Lstm", gates: 4, weights, bidirectional, dropout, batch_first };
        let state = state.map(|(h, c)| [("h", h), ("c", c)]);
        let (output, [h, c]) = stack.forward(self, x, lengths, state);
        (output, (h, c))
    }
}

impl<F: Float> Sequence<F, 2> for Lstm<F> {
    fn over(&self, x: &Tensor<F>, weights: &RecurrentWeights<F>, states: [&Tensor<F>; 2], steps: Steps) -> Tensor<F> {
        let (bias, both) = (weights.bias(), [&weights.weight_ih, &weights.weight_hh]);
        lstm_sequence(x, both, &bias, states, steps)
    }
}

compiled!(
    fn(&Lstm<F>, &Tensor<F>, Option<&[usize]>, Option<&(Tensor<F>, Tensor<F>)>) -> (Tensor<F>, (Tensor<F>, Tensor<F>)) =
        Lstm::<F>::run
);
