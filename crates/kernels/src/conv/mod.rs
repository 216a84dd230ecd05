//! Convolutions of one or two axes.
//!
//! A convolution relates three arrays: images `[N, C, H, W]`, weights `[O, C/groups, kh, kw]` and outputs
//! `[N, O, H', W']`, by the sum of `image·weight·output` over everything that meets. Each of the three kernels computes
//! the derivative of this sum with respect to one array, given the other two: the convolution, its transpose, and the
//! gradient of the weight. (With one axis, `H` is 1.)
//!
//! Nothing is unfolded. Each plane of a source is copied once, with its padding and divided by the stride (`planes`), so
//! that at every kernel position all results read consecutive elements; the same position of all results is then a shifted
//! view of that copy, and the kernels are matrix products whose rows overlap in memory.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod axis;
mod by_definition;
mod layers;
mod planes;
mod strips;
#[cfg(test)]
mod tests;
mod tiles;
mod unfold;
mod weight;

pub use axis::Axis;
pub use layers::Conv;
#[allow(unreachable_pub)] // As `Kernels`, in which it occurs.
pub use strips::Strips;
pub use unfold::{fold, unfold};

use crate::{Float, room};

/// Scratch memory.
///
/// # Panics
/// If the allocation fails.
#[track_caller]
fn zeros<F: Float>(shape: &[usize]) -> Vec<F> {
    let mut elements: Vec<F> = room(shape);
    elements.resize(shape.iter().product(), F::zero());
    elements
}
