//! Layers, activations, losses, metrics and initializers.
//!
//! A model is a plain struct whose fields are layers; `#[derive(Params)]` names its tensors, and [`Module`] adds the
//! forward pass. A loss is a function, or, with options, a struct: [`cross_entropy`] and [`CrossEntropy`].
// Tests use ndarray's macro `s!`, which expands to unsafe code.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod activations;
mod alpha_dropout;
mod attention;
mod batch_norm;
mod bilinear;
mod channels;
mod conv;
mod conv_start;
mod conv_transpose;
mod dropout;
mod embedding;
mod feature_dropout;
mod flatten;
mod glu;
mod group_norm;
mod gru_cell;
mod has_weight;
pub mod init;
mod instance_norm;
mod layer_norm;
mod linear;
mod losses;
mod lstm_cell;
mod metrics;
mod mlp;
mod module;
mod multihead_attention;
mod padding;
mod pool;
mod positions;
mod prelu;
mod recurrent;
mod resize;
mod rms_norm;
mod rnn_cell;
mod sequential;
mod softmax;
mod spectral_norm;
pub mod state;
mod summary;
mod transformer_encoder_layer;
mod unflatten;
mod weight_norm;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../docs/skeletons/layer_scale.rs"]
mod layer_scale;

pub use activations::*;
pub use alpha_dropout::AlphaDropout;
pub use attention::{AttentionMask, ScaledDotProductAttention, scaled_dot_product_attention};
pub use batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d};
pub use bilinear::Bilinear;
pub use conv::{Conv1d, Conv2d};
pub use conv_transpose::{ConvTranspose1d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use feature_dropout::{Dropout1d, Dropout2d, FeatureDropout};
pub use flatten::Flatten;
pub use glu::{Glu, geglu, glu, swiglu};
pub use group_norm::GroupNorm;
pub use gru_cell::GruCell;
pub use has_weight::HasWeight;
pub use instance_norm::{InstanceNorm, InstanceNorm1d, InstanceNorm2d};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use losses::*;
pub use lstm_cell::LstmCell;
pub use metrics::*;
pub use mlp::Mlp;
pub use module::Module;
pub use multihead_attention::{MultiheadAttention, MultiheadOptions};
pub use padding::{
    CircularPad1d, CircularPad2d, ConstantPad1d, ConstantPad2d, ReflectionPad1d, ReflectionPad2d, ReplicationPad1d,
    ReplicationPad2d, ZeroPad1d, ZeroPad2d,
};
pub use pool::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AvgPool, AvgPool1d, AvgPool2d, MaxPool, MaxPool1d, MaxPool2d,
};
pub use positions::{LearnedPositions, SinusoidalPositions, sinusoidal_positions};
pub use prelu::PRelu;
pub use recurrent::{Gru, Lstm, RecurrentOptions, RecurrentWeights, Rnn};
pub use resize::{InterpolateMode, PixelShuffle, PixelUnshuffle, Resize, Upsample};
pub use rms_norm::RmsNorm;
pub use rnn_cell::{RnnCell, RnnNonlinearity};
pub use sequential::{Layer, Sequential};
pub use softmax::{LogSoftmax, Softmax, Softmax2d};
pub use spectral_norm::SpectralNorm;
pub use summary::{LayerRow, ModelSummary, OperationRow, summary, summary_with};
pub use transformer_encoder_layer::TransformerEncoderLayer;
pub use unflatten::Unflatten;
pub use weight_norm::WeightNorm;
