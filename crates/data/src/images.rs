//! A set of labeled grayscale images, stored as bytes.

use std::fmt;
use std::path::Path;

use downhill_tensor::Tensor;
use ndarray::ArrayView2;
use rand::Rng;

use crate::{Batches, DataError, Dataset, Share, idx, split};
use downhill_kernels::gather::{self, Normalisation, gather};

/// Grayscale images of one size, each with a label.
///
/// The pixels are stored as bytes (47 MB for the 60,000 images of MNIST, a quarter of their size as `f32`) and
/// converted to `f32` when a batch is gathered: `byte / 255`, in `[0, 1]`. A batch is a tensor `[batch, rows * columns]`
/// and the labels.
///
/// ```
/// use downhill_data::ImageSet;
/// // Two images of 1 × 3 pixels.
/// let set = ImageSet::new(vec![0, 51, 255, 255, 0, 0], (1, 3), vec![7, 2]);
/// assert_eq!(set.len(), 2);
/// assert_eq!(set.images().to_vec(), [0.0, 0.2, 1.0, 1.0, 0.0, 0.0]);
/// assert_eq!(set.images().shape(), [2, 3]);
/// assert_eq!(set.labels(), [7, 2]);
/// ```
#[derive(Clone, PartialEq)]
pub struct ImageSet {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    rows: usize,
    columns: usize,
    normalisation: Option<Normalisation>,
    flat: bool,
}

impl ImageSet {
    /// Images from memory: the pixels of all of them in row-major order, the size `(rows, columns)` of each, and one
    /// label per image.
    ///
    /// # Panics
    /// If the number of pixels is not that of `labels.len()` images, or if an image is empty or too large for a tensor.
    #[track_caller]
    pub fn new(pixels: Vec<u8>, (rows, columns): (usize, usize), labels: Vec<u8>) -> Self {
        // In `u128`, so that no product overflows that could fit in memory.
        let width = rows as u128 * columns as u128;
        let needed = width.checked_mul(labels.len() as u128);
        assert!(
            width > 0 && width <= isize::MAX as u128 / size_of::<f32>() as u128 && needed == Some(pixels.len() as u128),
            "ImageSet::new: {} labels and images of {rows} × {columns} pixels need {} pixels, got {}",
            labels.len(),
            needed.map_or("too many".to_owned(), |needed| needed.to_string()),
            pixels.len(),
        );
        ImageSet { pixels, labels, rows, columns, normalisation: None, flat: true }
    }

    /// Reads images and labels from a pair of IDX files, raw or gzip, the format of MNIST, Fashion-MNIST, KMNIST and
    /// EMNIST. Every label must be less than `classes`.
    ///
    /// Reading takes as much memory as the file is large; for a compressed file, twice the size in its header but at
    /// most three times its decompressed size; plus 256 KiB. The size in the header is checked against the file first.
    ///
    /// ```
    /// # let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
    /// use downhill_data::ImageSet;
    /// let (images, labels) = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
    /// let digits = ImageSet::read(format!("{directory}/{images}"), format!("{directory}/{labels}"), 10)?;
    /// assert_eq!((digits.len(), digits.size(), digits.label(0)), (10_000, (28, 28), 7));
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError`] if a file is missing, unreadable, corrupt, too long or in another format, if the numbers of images
    /// and labels differ, or if a label is not less than `classes`.
    pub fn read(images: impl AsRef<Path>, labels: impl AsRef<Path>, classes: usize) -> Result<Self, DataError> {
        let (images_path, labels_path) = (images.as_ref(), labels.as_ref());
        let images = idx::read_images(images_path)?;
        let labels = idx::read_labels(labels_path, classes)?;
        let [count, rows, columns] = images.shape;
        if count != labels.shape[0] {
            return Err(DataError::content(
                labels_path,
                format!("{count} labels, one per image in {}", images_path.display()),
                format!("{}", labels.shape[0]),
            ));
        }
        Ok(ImageSet::new(images.bytes, (rows, columns), labels.bytes))
    }

    /// Also normalizes the values in `[0, 1]`: subtracts `mean` and divides by `std`, in `f32` like torchvision's
    /// `Normalize`. Replaces an earlier normalization.
    ///
    /// ```
    /// # use downhill_data::ImageSet;
    /// let set = ImageSet::new(vec![0, 255], (1, 2), vec![3]).normalised(0.5, 0.25);
    /// assert_eq!(set.images().to_vec(), [-2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If `std` is not positive, or `mean` is not finite.
    #[must_use]
    #[track_caller]
    pub fn normalised(mut self, mean: f32, std: f32) -> Self {
        assert!(
            mean.is_finite() && std.is_finite() && std > 0.0,
            "normalised: mean must be finite and std finite and above 0, got mean {mean} and std {std}",
        );
        self.normalisation = Some(Normalisation { mean, std });
        self
    }

    /// Makes batches `[batch, 1, rows, columns]`, for convolutions, instead of `[batch, rows * columns]`.
    ///
    /// ```
    /// # use downhill_data::ImageSet;
    /// let set = ImageSet::new(vec![0; 12], (2, 3), vec![3, 1]).unflattened();
    /// assert_eq!(set.images().shape(), [2, 1, 2, 3]);
    /// ```
    #[must_use]
    pub fn unflattened(mut self) -> Self {
        self.flat = false;
        self
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The size of an image, `(rows, columns)`.
    pub fn size(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The pixels of image `index`, `[rows, columns]`, from 0 (black) to 255.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[track_caller]
    pub fn image(&self, index: usize) -> ArrayView2<'_, u8> {
        assert!(index < self.len(), "image: index {index} is out of range for {} images", self.len());
        let width = self.rows * self.columns;
        let pixels = &self.pixels[index * width..(index + 1) * width];
        ArrayView2::from_shape((self.rows, self.columns), pixels).expect("the slice is one image long")
    }

    /// The label of image `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[track_caller]
    pub fn label(&self, index: usize) -> usize {
        assert!(index < self.len(), "label: index {index} is out of range for {} images", self.len());
        usize::from(self.labels[index])
    }

    /// All images as one tensor, in the shape and with the normalization of a batch. It takes 4 bytes per pixel: 188 MB
    /// for the training set of MNIST.
    pub fn images(&self) -> Tensor<f32> {
        let everything: Vec<usize> = (0..self.len()).collect();
        self.gather_images(&everything)
    }

    /// All labels.
    pub fn labels(&self) -> Vec<usize> {
        self.labels.iter().map(|&label| usize::from(label)).collect()
    }

    /// Mini-batches of `size` images and labels, in order; see [`Batches`] for shuffled ones.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<'_, Self> {
        Batches::new(self, size)
    }

    /// Copies the images at `indices`, in that order, to a new set.
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        let width = self.rows * self.columns;
        let mut pixels = Vec::new();
        let bytes = indices.len().saturating_mul(width);
        assert!(pixels.try_reserve_exact(bytes).is_ok(), "select: cannot allocate memory for {} images", indices.len());
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            assert!(index < self.len(), "select: index {index} is out of range for {} images", self.len());
            pixels.extend_from_slice(&self.pixels[index * width..(index + 1) * width]);
            labels.push(self.labels[index]);
        }
        ImageSet { pixels, labels, ..*self }
    }

    /// Splits the set at random into two new ones; `first` is the size of the first: a fraction (`0.9`) or a number of
    /// images (`50_000`).
    ///
    /// ```
    /// # use downhill_data::ImageSet;
    /// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// # let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// # let set = ImageSet::new((0..20).collect(), (1, 2), (0..10).collect());
    /// let (train, validation) = set.split(0.8, &mut rng);
    /// assert_eq!((train.len(), validation.len()), (8, 2));
    /// ```
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`, or the number exceeds that of the images.
    #[track_caller]
    pub fn split(&self, first: impl Into<Share>, rng: &mut (impl Rng + ?Sized)) -> (Self, Self) {
        let (first, second) = split::at_random(self.len(), first.into(), rng);
        (self.select(&first), self.select(&second))
    }

    fn gather_images(&self, indices: &[usize]) -> Tensor<f32> {
        let (rows, columns) = self.size();
        let (flat, image) = ([indices.len(), rows * columns], [indices.len(), 1, rows, columns]);
        Tensor::appended(if self.flat { &flat } else { &image }, |values| {
            gather(&self.pixels, rows * columns, indices, self.normalisation, values);
        })
    }
}

impl Dataset for ImageSet {
    type Batch = (Tensor<f32>, Vec<usize>);

    fn len(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize]) -> Self::Batch {
        let labels = indices.iter().map(|&index| self.label(index)).collect();
        (self.gather_images(indices), labels)
    }

    fn prefetch(&self, indices: &[usize]) {
        gather::prefetch(&self.pixels, self.rows * self.columns, indices);
    }
}

impl fmt::Debug for ImageSet {
    /// A summary, without the pixels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSet")
            .field("len", &self.len())
            .field("size", &self.size())
            .field("normalisation", &self.normalisation)
            .field("flat", &self.flat)
            .finish()
    }
}
