//! Layers, activations, losses, metrics and initializers.
//!
//! A model is a plain struct whose fields are layers; `#[derive(Params)]` names its tensors, and [`Module`] adds the
//! forward pass. A loss is a function, or, with options, a struct: [`cross_entropy`] and [`CrossEntropy`].
// Tests use ndarray's macro `s!`, which expands to unsafe code.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod activations;
mod batch_norm;
mod conv;
mod conv_transpose;
mod dropout;
mod embedding;
mod flatten;
mod gru_cell;
pub mod init;
mod linear;
mod losses;
mod lstm_cell;
mod metrics;
mod mlp;
mod module;
mod padding;
mod pool;
mod recurrent;
mod resize;
mod rnn_cell;
mod sequential;
mod softmax;
pub mod state;
mod summary;
mod unflatten;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../docs/skeletons/prelu.rs"]
mod prelu;

pub use activations::*;
pub use batch_norm::BatchNorm1d;
pub use conv::{Conv1d, Conv2d};
pub use conv_transpose::{ConvTranspose1d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use gru_cell::GruCell;
pub use linear::Linear;
pub use losses::*;
pub use lstm_cell::LstmCell;
pub use metrics::*;
pub use mlp::Mlp;
pub use module::Module;
pub use padding::{
    CircularPad1d, CircularPad2d, ConstantPad1d, ConstantPad2d, ReflectionPad1d, ReflectionPad2d, ReplicationPad1d,
    ReplicationPad2d, ZeroPad1d, ZeroPad2d,
};
pub use pool::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AvgPool, AvgPool1d, AvgPool2d, MaxPool, MaxPool1d, MaxPool2d,
};
pub use recurrent::{Gru, Lstm, RecurrentOptions, RecurrentWeights, Rnn};
pub use resize::{InterpolateMode, PixelShuffle, PixelUnshuffle, Resize, Upsample};
pub use rnn_cell::{RnnCell, RnnNonlinearity};
pub use sequential::{Layer, Sequential};
pub use softmax::{LogSoftmax, Softmax};
pub use summary::{LayerRow, ModelSummary, OperationRow, summary, summary_with};
pub use unflatten::Unflatten;
