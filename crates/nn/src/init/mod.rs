//! Initialisers: each makes a constant tensor of a shape, to be wrapped in `Tensor::param` or given to a parameter
//! with `assign`.
//!
//! Random ones draw in f64 and round, so that one seed gives the same numbers, up to that rounding, for both element
//! types. Weights are stored as in PyTorch, `[out, in, ...]`.
//!
//! ```
//! use downhill_nn::{Linear, init};
//! use rand::SeedableRng;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut layer: Linear = Linear::new(784, 128, &mut rng);
//! layer.weight.assign(init::uniform(&[128, 784], -0.1..=0.1, &mut rng));
//! layer.bias = None;
//! ```

#[cfg(test)]
mod testing;
mod uniform;

pub use uniform::uniform;
