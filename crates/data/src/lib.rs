//! Data sets for downhill: readers for MNIST and tables, seeded toy data sets, random splits and mini-batches.
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
//! A table of text and numbers with missing values, prepared and split:
//!
//! ```
//! # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha8Rng::seed_from_u64(0);
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/tables/penguins.csv");
//! use downhill_data::{Columns, Csv, Encoder, MissingNumber, StandardScaler, TensorDataset, stratified_split};
//! let table = Csv::default().read_frame(path)?.drop_missing("sex")?;
//! let species = table.classes("species")?;
//! let (train, test) = stratified_split(&species.labels, 0.8, &mut rng);
//! let columns = Columns::except(["species", "year"]);
//! let encoder = Encoder { columns, missing_numbers: MissingNumber::Mean, ..Encoder::default() };
//! let features = encoder.fit(&table.select(&train))?.transform::<f32>(&table)?;
//! let set: TensorDataset = TensorDataset::new(features, species.labels);
//! let (train, test) = (set.select(&train), set.select(&test));
//! let scaler = StandardScaler::fit(&train.features); // a field of the model
//! assert_eq!(scaler.transform(&test.features).shape(), [67, 9]);
//! # Ok::<(), downhill_data::DataError>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | MNIST, Fashion-MNIST and other data sets in IDX files | [`Mnist`], [`ImageSet`] |
//! | tables in text files: numbers, text, dates, missing values | [`Csv`], [`Frame`] |
//! | preparing them: categories, missing values, scaling | [`Encoder`], [`StandardScaler`], [`MinMaxScaler`] |
//! | splits with the same share of every class, cross-validation | [`stratified_split`], [`k_fold`], [`stratified_k_fold`] |
//! | images shifted and rotated at random | [`Augment`] |
//! | tensors in memory | [`TensorDataset`] |
//! | moons, circles, spirals, blobs, XOR, linear functions, sine waves | [`toy`] |
//! | mini-batches of these and of your own data sets | [`Batches`], [`Dataset`] |
//!
//! Everything random takes a generator: the same generator state gives the same data sets, splits and batches.
//! Everything that reads a file returns a [`DataError`], which names the file, what was expected and what was found.
// Tests use ndarray's macro `s!`, which expands to unsafe code.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod augment;
mod batches;
mod columns_of;
mod csv;
mod dataset;
mod dates;
mod encoder;
mod error;
mod folds;
mod frame;
mod idx;
mod images;
mod min_max_scaler;
mod mnist;
mod moments;
mod source;
mod split;
mod standard_scaler;
mod stratified;
mod tensors;
pub mod toy;

pub use augment::Augment;
pub use batches::Batches;
pub use csv::{ClassTable, Column, Columns, Csv, Header, Table};
pub use dataset::Dataset;
pub use dates::days_since_1970;
pub use encoder::{Encode, Encoded, EncodedColumn, Encoder, Encoding, MissingCategory, MissingNumber, Unknown};
pub use error::DataError;
pub use folds::{Fold, k_fold, stratified_k_fold};
pub use frame::{Classes, Frame};
pub use images::ImageSet;
pub use min_max_scaler::MinMaxScaler;
pub use mnist::Mnist;
pub use split::Share;
pub use standard_scaler::StandardScaler;
pub use stratified::stratified_split;
pub use tensors::{Targets, TensorDataset};
