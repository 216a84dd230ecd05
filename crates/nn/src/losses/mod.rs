//! Losses, one per file: each a struct of options with PyTorch's defaults, and a function with the defaults.

mod bce;
mod bce_with_logits;
mod cross_entropy;
#[cfg(test)]
mod ends;
mod huber;
mod kl_div;
mod l1;
mod mse;
mod nll_loss;
mod reduction;
mod share;
mod smooth_l1;
mod softmax_product;
mod sparse;
mod targets;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/soft_margin.rs"]
mod soft_margin;

pub use bce::{Bce, bce};
pub use bce_with_logits::{BceWithLogits, bce_with_logits};
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use huber::{Huber, huber};
pub use kl_div::{KlDiv, kl_div};
pub use l1::{L1, l1};
pub use mse::{Mse, mse};
pub use nll_loss::{NllLoss, nll_loss};
pub use reduction::Reduction;
pub use smooth_l1::{SmoothL1, smooth_l1};
pub(crate) use targets::class_axis;
pub use targets::{Labels, Targets};
