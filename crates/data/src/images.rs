//! A set of labelled grey-scale images, kept as bytes.

use std::fmt;
use std::path::Path;

use downhill_tensor::Tensor;
use ndarray::ArrayView2;
use rand::Rng;

use crate::{Batches, DataError, Dataset, Share, idx, split};
use downhill_kernels::gather::{self, Normalisation, gather};

/// Grey-scale images of one size, each with a label.
///
/// The pixels stay bytes in memory (47 MB for the 60,000 of MNIST, a quarter of their size as `f32`) and are converted
/// to `f32` while a batch is gathered: `byte / 255`, in `[0, 1]`. Batches are pairs of a tensor `[batch, rows *
/// columns]` and the labels.
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
    /// Images from memory: the pixels of all of them in row-major order, the size `(rows, columns)` of one, and a
    /// label for each.
    ///
    /// # Panics
    /// If there are not as many pixels as `labels.len()` images have, if an image has none, or more than a tensor may hold.
    #[track_caller]
    pub fn new(pixels: Vec<u8>, (rows, columns): (usize, usize), labels: Vec<u8>) -> Self {
        // In `u128` no product of three overflows that anybody has the memory for.
        let width = rows as u128 * columns as u128;
        let needed = width.checked_mul(labels.len() as u128);
        assert!(
            width > 0 && width <= isize::MAX as u128 / size_of::<f32>() as u128 && needed == Some(pixels.len() as u128),
            "ImageSet::new: {} labels and images of {rows} × {columns} pixels need {} pixels, not {}",
            labels.len(),
            needed.map_or("countless".to_owned(), |needed| needed.to_string()),
            pixels.len(),
        );
        ImageSet { pixels, labels, rows, columns, normalisation: None, flat: true }
    }

    /// Images and labels from a pair of IDX files, raw or gzip, as MNIST, Fashion-MNIST, KMNIST and EMNIST come. Every
    /// label must be below `classes`.
    ///
    /// Reading a file takes memory of its own size; a compressed one twice what its header announces, and not more than three
    /// times what is in it; and 256 KiB. What the header announces is compared with the size of the file first.
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
    /// [`DataError`] if a file is missing, unreadable, damaged or of another format, if there is anything after its
    /// end, if the two do not belong together, or if a label is not below `classes`.
    pub fn read(images: impl AsRef<Path>, labels: impl AsRef<Path>, classes: usize) -> Result<Self, DataError> {
        let (images_path, labels_path) = (images.as_ref(), labels.as_ref());
        let images = idx::read_images(images_path)?;
        let labels = idx::read_labels(labels_path, classes)?;
        let [count, rows, columns] = images.shape;
        if count != labels.shape[0] {
            return Err(DataError::content(
                labels_path,
                format!("{count} labels, for as many images in {}", images_path.display()),
                format!("{}", labels.shape[0]),
            ));
        }
        Ok(ImageSet::new(images.bytes, (rows, columns), labels.bytes))
    }

    /// Also subtracts `mean` from every value in `[0, 1]` and divides it by `std`, in `f32` as torchvision's
    /// `Normalize` does. Replaces an earlier normalisation.
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
            "normalised: mean {mean} must be finite, std {std} positive",
        );
        self.normalisation = Some(Normalisation { mean, std });
        self
    }

    /// Gives images as `[batch, 1, rows, columns]`, for convolutions, instead of `[batch, rows * columns]`.
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
    /// If there is no such image.
    #[track_caller]
    pub fn image(&self, index: usize) -> ArrayView2<'_, u8> {
        assert!(index < self.len(), "image: there is no image {index} in a set of {}", self.len());
        let width = self.rows * self.columns;
        let pixels = &self.pixels[index * width..(index + 1) * width];
        ArrayView2::from_shape((self.rows, self.columns), pixels).expect("the slice is one image long")
    }

    /// The label of image `index`.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn label(&self, index: usize) -> usize {
        assert!(index < self.len(), "label: there is no image {index} in a set of {}", self.len());
        usize::from(self.labels[index])
    }

    /// All images as one tensor, in the shape and with the normalisation of a batch. Four bytes a pixel: 188 MB for
    /// the training set of MNIST.
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

    /// A set of its own with the images at `indices`, in that order.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        let width = self.rows * self.columns;
        let mut pixels = Vec::new();
        let bytes = indices.len().saturating_mul(width);
        assert!(pixels.try_reserve_exact(bytes).is_ok(), "select: there is no memory for {} images", indices.len());
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            assert!(index < self.len(), "select: there is no image {index} in a set of {}", self.len());
            pixels.extend_from_slice(&self.pixels[index * width..(index + 1) * width]);
            labels.push(self.labels[index]);
        }
        ImageSet { pixels, labels, ..*self }
    }

    /// Splits at random into two sets of their own, the first as large as `first` says: a fraction (`0.9`) or a number
    /// of images (`50_000`).
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
    /// If the fraction is not in `[0, 1]`, or the number is more than there are.
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
    /// The numbers that describe the set, not its millions of pixels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSet")
            .field("len", &self.len())
            .field("size", &self.size())
            .field("normalisation", &self.normalisation)
            .field("flat", &self.flat)
            .finish()
    }
}
