//! Layers, activations, losses and initialisers.
//!
//! A model is a plain struct whose fields are layers; `#[derive(Params)]` names its tensors, and [`Module`] adds the
//! forward pass. A loss is a function, or, with options, a struct: [`cross_entropy`] and [`CrossEntropy`].

mod activations;
pub mod init;
mod linear;
mod losses;
mod mlp;
mod module;
mod sequential;

pub use activations::*;
pub use linear::Linear;
pub use losses::*;
pub use mlp::Mlp;
pub use module::Module;
pub use sequential::{Layer, Sequential};
