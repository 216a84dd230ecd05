//! Data for downhill: readers for MNIST and CSV tables, seeded toy sets, random splits, and mini-batches of all of them.
//!
//! ```
//! # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha8Rng::seed_from_u64(0);
//! # let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
//! use downhill_data::Mnist;
//! let mnist = Mnist::load(directory)?;
//! for (images, labels) in mnist.test.batches(500).shuffled(&mut rng) {
//!     // images: Tensor<f32> of shape [500, 784]; labels: Vec<usize>
//! #   assert_eq!((images.shape(), labels.len()), (&[500, 784][..], 500));
//! }
//! # Ok::<(), downhill_data::DataError>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | MNIST, Fashion-MNIST and other sets in IDX files | [`Mnist`], [`ImageSet`] |
//! | tables of numbers | [`Csv`] |
//! | tensors in memory | [`TensorDataset`] |
//! | moons, circles, spirals, blobs, XOR, lines, sines | [`toy`] |
//! | mini-batches of these and of your own | [`Batches`], [`Dataset`] |
//!
//! Whatever is random takes a generator: the same generator state gives the same sets, splits and batches. Whatever
//! reads a file returns a [`DataError`] that names the file, what was expected and what was found.
// Not in tests, where ndarray's macro `s!` has some.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod batches;
mod csv;
mod dataset;
mod error;
mod idx;
mod images;
mod mnist;
mod source;
mod split;
mod tensors;
pub mod toy;

pub use batches::Batches;
pub use csv::{ClassTable, Column, Csv, Header, Table};
pub use dataset::Dataset;
pub use error::DataError;
pub use images::ImageSet;
pub use mnist::Mnist;
pub use split::Share;
pub use tensors::{Targets, TensorDataset};
