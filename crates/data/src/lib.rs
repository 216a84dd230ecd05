//! Data sets for downhill: readers for MNIST and CSV files, seeded toy data sets, random splits and mini-batches.
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
//! | MNIST, Fashion-MNIST and other data sets in IDX files | [`Mnist`], [`ImageSet`] |
//! | CSV tables of numbers | [`Csv`] |
//! | tensors in memory | [`TensorDataset`] |
//! | moons, circles, spirals, blobs, XOR, linear functions, sine waves | [`toy`] |
//! | mini-batches of these and of your own data sets | [`Batches`], [`Dataset`] |
//!
//! Everything random takes a generator: the same generator state gives the same data sets, splits and batches.
//! Everything that reads a file returns a [`DataError`], which names the file, what was expected and what was found.
// Tests use ndarray's macro `s!`, which expands to unsafe code.
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
