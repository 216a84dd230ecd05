//! Initializers: each makes a constant tensor of a shape, to wrap in `Tensor::param` or to `assign` to a parameter.
//!
//! The random ones draw in `f64` and round, so a seed gives the same values for both element types, up to rounding.
//! Weights have PyTorch's layout, `[out, in, ...]`; see [`fans`].
//!
//! ```
//! use downhill_nn::Linear;
//! use downhill_nn::init::{self, Fan, Nonlinearity};
//! use rand::SeedableRng;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut layer: Linear = Linear::new(784, 128, &mut rng);
//! layer.weight.assign(init::kaiming_normal(&[128, 784], Fan::In, Nonlinearity::Relu, &mut rng));
//! ```

mod constant;
mod fans;
mod gain;
mod kaiming;
mod lecun;
mod normal;
mod orthogonal;
#[cfg(test)]
pub(crate) mod testing;
mod truncated_normal;
mod uniform;
mod xavier;

pub use constant::constant;
pub use fans::{Fan, fans};
pub use gain::Nonlinearity;
pub use kaiming::{kaiming_normal, kaiming_uniform};
pub use lecun::{lecun_normal, lecun_uniform};
pub use normal::normal;
pub use orthogonal::orthogonal;
pub use truncated_normal::truncated_normal;
pub use uniform::uniform;
pub use xavier::{xavier_normal, xavier_uniform};
