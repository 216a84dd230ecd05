//! MNIST, and data sets in files of the same four names.

use std::path::{Path, PathBuf};

use crate::{DataError, ImageSet};

/// A training set and a test set of labeled images.
///
/// MNIST (LeCun, Cortes, Burges 1998) has 60,000 and 10,000 handwritten digits of 28 × 28 pixels. Fashion-MNIST
/// ([arXiv:1708.07747](https://arxiv.org/abs/1708.07747)) and KMNIST
/// ([arXiv:1812.01718](https://arxiv.org/abs/1812.01718)) come in files of the same names and load the same way.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// # let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
/// use downhill_data::Mnist;
/// let mnist = Mnist::load(directory)?; // "data/mnist" in this repository
/// assert_eq!((mnist.train.len(), mnist.test.len()), (60_000, 10_000));
/// assert_eq!(mnist.train.labels()[..5], [5, 0, 4, 1, 9]);
/// for (images, labels) in mnist.train.batches(64).shuffled(&mut rng).take(1) {
///     assert_eq!(images.shape(), [64, 784]);
///     assert_eq!(labels.len(), 64);
/// }
/// # Ok::<(), downhill_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mnist {
    /// The training set.
    pub train: ImageSet,
    /// The test set.
    pub test: ImageSet,
}

impl Mnist {
    /// The mean of the pixels of MNIST's training set, in `[0, 1]`.
    pub const MEAN: f32 = 0.1307;
    /// The standard deviation of the pixels of MNIST's training set.
    pub const STD: f32 = 0.3081;

    /// Reads the four files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte` in `directory`, with `-idx` or `.idx`, raw or `.gz`: any number of images of any size,
    /// with labels from 0 to 9. For other names or more classes see [`ImageSet::read`].
    ///
    /// # Errors
    /// See [`ImageSet::read`]; also if the images of the two sets differ in size.
    pub fn load(directory: impl AsRef<Path>) -> Result<Self, DataError> {
        let directory = directory.as_ref();
        if !directory.is_dir() {
            return Err(match directory.exists() {
                true => DataError::content(directory, "a directory of four IDX files", "a file"),
                false => {
                    DataError::Missing { path: directory.to_owned(), expected: "a directory of four IDX files".into() }
                }
            });
        }
        let train = load_pair(directory, "train")?;
        let test = load_pair(directory, "t10k")?;
        if train.size() != test.size() {
            let ((rows, columns), (found_rows, found_columns)) = (train.size(), test.size());
            return Err(DataError::content(
                directory,
                format!("test images of {rows} × {columns} pixels, like the training images"),
                format!("{found_rows} × {found_columns}"),
            ));
        }
        Ok(Mnist { train, test })
    }

    /// Normalizes both sets: see [`ImageSet::normalised`]. For MNIST itself, `normalised(Mnist::MEAN, Mnist::STD)`
    /// gives pixels with mean 0 and standard deviation 1.
    ///
    /// # Panics
    /// If `std` is not positive, or `mean` is not finite.
    #[must_use]
    #[track_caller]
    pub fn normalised(self, mean: f32, std: f32) -> Self {
        Mnist { train: self.train.normalised(mean, std), test: self.test.normalised(mean, std) }
    }

    /// Gives the images of both sets as `[batch, 1, rows, columns]`: see [`ImageSet::unflattened`].
    #[must_use]
    pub fn unflattened(self) -> Self {
        Mnist { train: self.train.unflattened(), test: self.test.unflattened() }
    }
}

fn load_pair(directory: &Path, name: &str) -> Result<ImageSet, DataError> {
    let images = find(directory, &format!("{name}-images"), "idx3-ubyte")?;
    let labels = find(directory, &format!("{name}-labels"), "idx1-ubyte")?;
    ImageSet::read(images, labels, 10)
}

/// The first of the four usual spellings of a file name that exists.
fn find(directory: &Path, name: &str, kind: &str) -> Result<PathBuf, DataError> {
    let spellings =
        [format!("{name}-{kind}"), format!("{name}-{kind}.gz"), format!("{name}.{kind}"), format!("{name}.{kind}.gz")];
    let existing = spellings.iter().map(|spelling| directory.join(spelling)).find(|path| path.exists());
    existing.ok_or_else(|| DataError::Missing {
        path: directory.join(&spellings[0]),
        expected: format!("a file of that name, or {}", spellings[1..].join(", ")),
    })
}
