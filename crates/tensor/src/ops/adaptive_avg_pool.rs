//! Adaptive average pooling: averages of windows that cover the last one or two axes evenly. Of `n` windows of an axis of
//! size `L`, window `i` is `⌊i·L/n⌋ .. ⌈(i + 1)·L/n⌉`; neighbours may share a position.

use super::avg_pool::mean_over;
use super::window::Windows;
use crate::{Float, Params, Tensor, keep};

/// The options of adaptive average pooling along the last `D` axes, and the layer: [`AdaptiveAvgPool1d`] and
/// [`AdaptiveAvgPool2d`]. With an output size of 1 it is global average pooling.
///
/// Of `n` windows along an axis of size `L`, window `i` is `⌊i·L/n⌋ .. ⌈(i + 1)·L/n⌉`, as in PyTorch.
///
/// ```
/// use downhill_tensor::{AdaptiveAvgPool2d, Tensor};
/// let images = Tensor::<f32>::zeros(&[64, 16, 30, 20]);
/// assert_eq!(images.adaptive_avg_pool2d(7).shape(), [64, 16, 7, 7]);
/// let rows = AdaptiveAvgPool2d { output_size: [None, Some(1)] };
/// assert_eq!(images.adaptive_avg_pool2d(rows).shape(), [64, 16, 30, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
#[params(crate = "crate")]
pub struct AdaptiveAvgPool<const D: usize> {
    /// The number of windows along each axis; `None` leaves the axis as it is.
    pub output_size: [Option<usize>; D],
}

/// Adaptive average pooling of `[.., length]`.
pub type AdaptiveAvgPool1d = AdaptiveAvgPool<1>;
/// Adaptive average pooling of `[.., height, width]`.
pub type AdaptiveAvgPool2d = AdaptiveAvgPool<2>;

impl<const D: usize> AdaptiveAvgPool<D> {
    /// The same number of windows along all axes, or a number for each (`AdaptiveAvgPool2d::new([3, 2])`).
    pub fn new(output_size: impl Into<Self>) -> Self {
        output_size.into()
    }
}

impl<const D: usize> From<usize> for AdaptiveAvgPool<D> {
    fn from(output_size: usize) -> Self {
        AdaptiveAvgPool { output_size: [Some(output_size); D] }
    }
}

impl<const D: usize> From<[usize; D]> for AdaptiveAvgPool<D> {
    fn from(output_size: [usize; D]) -> Self {
        AdaptiveAvgPool { output_size: output_size.map(Some) }
    }
}

/// The windows along the last axes of `shape`; an axis that is missing is reported by whoever uses them.
pub(super) fn adaptive_windows(output_size: &[Option<usize>], shape: &[usize]) -> Vec<Windows> {
    let leading = shape.len().saturating_sub(output_size.len());
    let windows = output_size.iter().enumerate().map(|(i, &count)| match count {
        Some(count) => Windows::Adaptive(count),
        None => Windows::Adaptive(shape.get(leading + i).copied().unwrap_or(1)),
    });
    windows.collect()
}

/// The average over the windows of the last axes.
#[track_caller]
fn pool<F: Float>(name: &'static str, x: &Tensor<F>, output_size: &[Option<usize>]) -> Tensor<F> {
    let windows = adaptive_windows(output_size, x.shape());
    let last = -(windows.len() as isize)..;
    if output_size.iter().all(|&count| count == Some(1)) && x.ndim() >= windows.len() && !x.is_empty() {
        // Each plane is one window: one pass.
        return x.mean_axis(keep(last));
    }
    mean_over(name, x, &windows, |axis, window, size| windows[axis].taps(window, size).count)
}

impl<F: Float> Tensor<F> {
    /// The average over each of `output_size` windows that cover the last axis: `[.., length]` to `[.., output_size]`. With
    /// 1, the mean of the axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 6.0, 5.0, 7.0]);
    /// assert_eq!(x.adaptive_avg_pool1d(2), Tensor::from([3.0, 6.0]));
    /// ```
    ///
    /// # Panics
    /// If the tensor is a scalar, or the axis is empty.
    #[doc(alias = "global_avg_pool1d")]
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, options: impl Into<AdaptiveAvgPool1d>) -> Tensor<F> {
        pool("adaptive_avg_pool1d", self, &options.into().output_size)
    }

    /// The average over each of `output_size` windows that cover the last two axes. With 1, the mean of each plane (global
    /// average pooling).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 6.0], [4.0, 3.0, 2.0]]);
    /// assert_eq!(x.adaptive_avg_pool2d([1, 2]), Tensor::from([[2.5, 3.25]]));
    /// assert_eq!(x.adaptive_avg_pool2d(1), Tensor::from([[3.0]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor lacks these axes, or they are empty.
    #[doc(alias = "global_avg_pool2d")]
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, options: impl Into<AdaptiveAvgPool2d>) -> Tensor<F> {
        pool("adaptive_avg_pool2d", self, &options.into().output_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let rows: [&[usize]; 4] = [&[5], &[2, 6], &[0, 5], &[2, 1, 7]];
        for count in [1, 3, 5] {
            sweep::shapes("adaptive_avg_pool1d", &rows, domain(), |x| x.adaptive_avg_pool1d(count));
        }
        let planes: [&[usize]; 5] = [&[2, 2], &[4, 5], &[0, 2, 3], &[2, 4, 3], &[2, 1, 3, 4]];
        for output_size in [[Some(1); 2], [Some(2), None], [Some(3), Some(2)]] {
            let options = AdaptiveAvgPool2d { output_size };
            sweep::shapes("adaptive_avg_pool2d", &planes, domain(), |x| x.adaptive_avg_pool2d(options));
        }
    }

    /// Windows 0..3, 2..5, 5..8 and 7..10 of ten elements.
    #[test]
    fn windows_that_overlap() {
        let x = Tensor::param([1.0, 2.0, 9.0, 4.0, 5.0, 6.0, 7.0, 8.0, 3.0, 1.0]);
        let y = x.adaptive_avg_pool1d(4);
        assert_eq!(y, Tensor::from([4.0, 6.0, 7.0, 4.0]));
        let third = 1.0 / 3.0;
        let gradient = y.sum().backward()[&x].to_vec();
        assert_eq!(gradient, [third, third, 2.0 * third, third, third, third, third, 2.0 * third, third, third]);
    }

    #[test]
    fn more_windows_than_elements_and_none() {
        let x = Tensor::from([[1.0, 2.0]]);
        assert_eq!(x.adaptive_avg_pool1d(3), Tensor::from([[1.0, 1.5, 2.0]]));
        assert_eq!(x.adaptive_avg_pool2d([2, 1]), Tensor::from([[1.5], [1.5]]));
        assert_eq!(x.adaptive_avg_pool2d(AdaptiveAvgPool2d { output_size: [None, None] }), x);
        assert_eq!(x.adaptive_avg_pool1d(0).shape(), [1, 0]);
        assert_eq!(Tensor::<f32>::zeros(&[0, 5]).adaptive_avg_pool1d(1).shape(), [0, 1]);
    }

    #[test]
    #[should_panic(expected = "adaptive_avg_pool2d of [3]: expected an input [.., height, width]")]
    fn of_too_few_axes() {
        Tensor::<f32>::zeros(&[3]).adaptive_avg_pool2d(1);
    }

    #[test]
    #[should_panic(expected = "adaptive_avg_pool1d of [2, 0]: axis 1: it has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[2, 0]).adaptive_avg_pool1d(1);
    }
}
