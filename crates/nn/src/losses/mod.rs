//! Losses, one per file: each a struct of options with PyTorch's defaults, and a function with the defaults.

mod bce;
mod bce_with_logits;
mod cosine_embedding;
mod cross_entropy;
mod ctc;
#[cfg(test)]
mod ends;
mod focal;
mod gaussian_nll;
mod hinge_embedding;
mod huber;
mod kl_div;
mod l1;
mod margin_ranking;
mod mse;
mod multi_class_focal;
mod multi_label_margin;
mod multi_label_soft_margin;
mod multi_margin;
mod nll_loss;
mod poisson_nll;
mod reduction;
mod share;
mod smooth_l1;
mod soft_margin;
mod softmax_product;
mod sparse;
mod targets;
mod triplet_margin;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/pinball.rs"]
mod pinball;

pub use bce::{Bce, bce};
pub use bce_with_logits::{BceWithLogits, bce_with_logits};
pub use cosine_embedding::{CosineEmbedding, cosine_embedding};
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use ctc::{Ctc, ctc};
pub use focal::{Focal, focal};
pub use gaussian_nll::{GaussianNll, gaussian_nll};
pub use hinge_embedding::{HingeEmbedding, hinge_embedding};
pub use huber::{Huber, huber};
pub use kl_div::{KlDiv, kl_div};
pub use l1::{L1, l1};
pub use margin_ranking::{MarginRanking, margin_ranking};
pub use mse::{Mse, mse};
pub use multi_class_focal::{MultiClassFocal, multi_class_focal};
pub use multi_label_margin::{MultiLabelMargin, multi_label_margin};
pub use multi_label_soft_margin::{MultiLabelSoftMargin, multi_label_soft_margin};
pub use multi_margin::{MultiMargin, multi_margin};
pub use nll_loss::{NllLoss, nll_loss};
pub use poisson_nll::{PoissonNll, poisson_nll};
pub use reduction::Reduction;
pub use smooth_l1::{SmoothL1, smooth_l1};
pub use soft_margin::{SoftMargin, soft_margin};
pub use targets::{Labels, Targets};
pub(crate) use targets::{assert_same_shape, class_axis};
pub use triplet_margin::{TripletMargin, triplet_margin};
