//! Recurrent layers over whole sequences: several layers, in one or both directions.
//!
//! `stack` runs the layers and directions; the three `*_sequence` files run one of them over all steps, with the loops of
//! `walk`.

mod gru;
mod gru_sequence;
mod lstm;
mod lstm_sequence;
mod rnn;
mod rnn_sequence;
mod stack;
mod steps;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod walk;
pub(crate) mod weights;

pub use gru::Gru;
pub use lstm::Lstm;
pub use rnn::Rnn;
pub use weights::RecurrentWeights;

/// The options of [`Rnn`], [`Gru`] and [`Lstm`], with PyTorch's names and defaults.
///
/// ```
/// use downhill_nn::{Lstm, RecurrentOptions};
/// use downhill_tensor::Params;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..RecurrentOptions::default() };
/// let lstm: Lstm = Lstm::with_options(8, 16, options, &mut rng);
/// let names: Vec<String> = lstm.params().map(|(path, _)| path).collect();
/// assert_eq!(names[..4], ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]);
/// assert_eq!(names[15], "bias_hh_l1_reverse");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrentOptions {
    /// How many layers there are; each reads the outputs of the one before.
    pub num_layers: usize,
    /// Whether there are biases.
    pub bias: bool,
    /// Whether the batch is the first axis of input and output instead of time. As in PyTorch, this does not concern the
    /// states.
    pub batch_first: bool,
    /// The probability with which, in a [`training`](downhill_tensor::training) scope, an output of a layer is zeroed
    /// before the next layer reads it. See [`Dropout`](crate::Dropout).
    pub dropout: f64,
    /// Whether each layer also reads the sequence backwards. Its output then consists of that of the forward direction
    /// and that of the reverse direction.
    pub bidirectional: bool,
}

impl Default for RecurrentOptions {
    fn default() -> Self {
        RecurrentOptions { num_layers: 1, bias: true, batch_first: false, dropout: 0.0, bidirectional: false }
    }
}
