//! Adaptive max pooling: the maximum over windows that cover the last one or two axes evenly. The operation is in
//! [`max_windows`](super::max_windows).

use ndarray::ArrayD;

use super::adaptive_avg_pool::adaptive_windows;
use super::max_windows::{max_windows, max_windows_with_indices};
use crate::{Float, Params, Tensor};

/// The options of adaptive max pooling along the last `D` axes, and the layer: [`AdaptiveMaxPool1d`] and
/// [`AdaptiveMaxPool2d`]. The windows are those of [`AdaptiveAvgPool`](crate::AdaptiveAvgPool).
///
/// ```
/// use downhill_tensor::{AdaptiveMaxPool2d, Tensor};
/// let images = Tensor::<f32>::zeros(&[64, 16, 30, 20]);
/// assert_eq!(images.adaptive_max_pool2d(7).shape(), [64, 16, 7, 7]);
/// let rows = AdaptiveMaxPool2d { output_size: [None, Some(1)] };
/// assert_eq!(images.adaptive_max_pool2d(rows).shape(), [64, 16, 30, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
#[params(crate = "crate")]
pub struct AdaptiveMaxPool<const D: usize> {
    /// The number of windows along each axis; `None` leaves the axis as it is.
    pub output_size: [Option<usize>; D],
}

/// Adaptive max pooling of `[.., length]`.
pub type AdaptiveMaxPool1d = AdaptiveMaxPool<1>;
/// Adaptive max pooling of `[.., height, width]`.
pub type AdaptiveMaxPool2d = AdaptiveMaxPool<2>;

impl<const D: usize> AdaptiveMaxPool<D> {
    /// The same number of windows along all axes, or a number for each (`AdaptiveMaxPool2d::new([3, 2])`).
    pub fn new(output_size: impl Into<Self>) -> Self {
        output_size.into()
    }
}

impl<const D: usize> From<usize> for AdaptiveMaxPool<D> {
    fn from(output_size: usize) -> Self {
        AdaptiveMaxPool { output_size: [Some(output_size); D] }
    }
}

impl<const D: usize> From<[usize; D]> for AdaptiveMaxPool<D> {
    fn from(output_size: [usize; D]) -> Self {
        AdaptiveMaxPool { output_size: output_size.map(Some) }
    }
}

impl<F: Float> Tensor<F> {
    /// The maximum over each of `output_size` windows that cover the last axis: `[.., length]` to `[.., output_size]`. With
    /// 1, the maximum of the axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 4.0, 1.0, 5.0]);
    /// assert_eq!(x.adaptive_max_pool1d(2), Tensor::from([4.0, 5.0]));
    /// assert_eq!(x.adaptive_max_pool1d(1), Tensor::from([5.0]));
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[doc(alias = "global_max_pool1d")]
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, options: impl Into<AdaptiveMaxPool1d>) -> Tensor<F> {
        max_windows(self, adaptive_windows(&options.into().output_size, self.shape()))
    }

    /// The maximum over each of `output_size` windows that cover the last two axes. With 1, the maximum of each plane
    /// (global max pooling). Ties and NaN as in [`max_pool2d`](Self::max_pool2d).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]);
    /// assert_eq!(x.adaptive_max_pool2d([1, 2]), Tensor::from([[4.0, 5.0]]));
    /// assert_eq!(x.adaptive_max_pool2d(1), Tensor::from([[5.0]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor lacks these axes or they are empty, or a plane has 2³² elements or more.
    #[doc(alias = "global_max_pool2d")]
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, options: impl Into<AdaptiveMaxPool2d>) -> Tensor<F> {
        max_windows(self, adaptive_windows(&options.into().output_size, self.shape()))
    }

    /// [`adaptive_max_pool1d`](Self::adaptive_max_pool1d), and the position of every maximum along the axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let (y, indices) = Tensor::from([3.0, 1.0, 4.0]).adaptive_max_pool1d_with_indices(2);
    /// assert_eq!((y, indices), (Tensor::from([3.0, 4.0]), array![0, 2].into_dyn()));
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[track_caller]
    pub fn adaptive_max_pool1d_with_indices(
        &self,
        options: impl Into<AdaptiveMaxPool1d>,
    ) -> (Tensor<F>, ArrayD<usize>) {
        max_windows_with_indices(self, adaptive_windows(&options.into().output_size, self.shape()))
    }

    /// [`adaptive_max_pool2d`](Self::adaptive_max_pool2d), and the number of every maximum in its plane, counted row by row.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let x = Tensor::from([[1.0, 2.0], [4.0, 3.0]]);
    /// assert_eq!(x.adaptive_max_pool2d_with_indices(1), (Tensor::from([[4.0]]), array![[2]].into_dyn()));
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[track_caller]
    pub fn adaptive_max_pool2d_with_indices(
        &self,
        options: impl Into<AdaptiveMaxPool2d>,
    ) -> (Tensor<F>, ArrayD<usize>) {
        max_windows_with_indices(self, adaptive_windows(&options.into().output_size, self.shape()))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// Windows 0..3, 2..5, 5..8 and 7..10 of ten elements.
    #[test]
    fn windows_that_overlap() {
        let x = Tensor::param([1.0, 2.0, 9.0, 4.0, 5.0, 6.0, 7.0, 8.0, 3.0, 0.0]);
        let (y, indices) = x.adaptive_max_pool1d_with_indices(4);
        assert_eq!((y.to_vec(), indices), (vec![9.0, 9.0, 8.0, 8.0], array![2, 2, 7, 7].into_dyn()));
        let gradient = y.sum().backward()[&x].to_vec();
        assert_eq!(gradient, [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn more_windows_than_elements_and_none() {
        let x = Tensor::from([[1.0, 2.0]]);
        assert_eq!(x.adaptive_max_pool1d(3), Tensor::from([[1.0, 2.0, 2.0]]));
        assert_eq!(x.adaptive_max_pool2d([2, 1]), Tensor::from([[2.0], [2.0]]));
        assert_eq!(x.adaptive_max_pool2d(AdaptiveMaxPool2d { output_size: [None, None] }), x);
        assert_eq!(x.adaptive_max_pool1d(0).shape(), [1, 0]);
        assert_eq!(Tensor::<f32>::zeros(&[0, 5]).adaptive_max_pool1d(2).shape(), [0, 2]);
    }

    #[test]
    #[should_panic(expected = "adaptive_max_pool2d of [3, 0, 2]: axis 1: it has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[3, 0, 2]).adaptive_max_pool2d(1);
    }
}
