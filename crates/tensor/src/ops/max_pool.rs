//! Max pooling: the maximum over windows that move along the last one or two axes. The operation is in
//! [`max_windows`](super::max_windows).

use ndarray::ArrayD;

use super::max_windows::{max_windows, max_windows_with_indices};
use super::window::Windows;
use crate::{Float, Params, Tensor};

/// The options of max pooling along the last `D` axes, and the layer: [`MaxPool1d`] and [`MaxPool2d`]. Names and defaults
/// are PyTorch's.
///
/// An axis of size `L` has `1 + ⌊(L + 2·padding - dilation·(kernel_size - 1) - 1)/stride⌋` windows. With `ceil_mode` the
/// quotient is rounded up, but a last window that would begin in the padding is left out.
///
/// ```
/// use downhill_tensor::{MaxPool2d, Tensor};
/// let images = Tensor::<f32>::zeros(&[64, 16, 28, 28]);
/// assert_eq!(images.max_pool2d(2).shape(), [64, 16, 14, 14]);
/// assert_eq!(images.max_pool2d([4, 2]).shape(), [64, 16, 7, 14]);
/// let overlapping = MaxPool2d { stride: Some([2, 2]), padding: [1, 1], ..MaxPool2d::new(3) };
/// assert_eq!(images.max_pool2d(overlapping).shape(), [64, 16, 14, 14]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
#[params(crate = "crate")]
pub struct MaxPool<const D: usize> {
    /// The size of the window.
    pub kernel_size: [usize; D],
    /// How far the window moves each time; the size of the window if `None`.
    pub stride: Option<[usize; D]>,
    /// How many positions are added at both ends of each axis. They never are the maximum. At most half the kernel.
    pub padding: [usize; D],
    /// The distance between two elements of a window.
    pub dilation: [usize; D],
    /// Windows may reach past the end, so that no element is left out.
    pub ceil_mode: bool,
}

/// Max pooling of `[.., length]`.
pub type MaxPool1d = MaxPool<1>;
/// Max pooling of `[.., height, width]`.
pub type MaxPool2d = MaxPool<2>;

impl<const D: usize> MaxPool<D> {
    /// Windows of one size for all axes, or of a size for each (`MaxPool2d::new([3, 2])`), side by side.
    pub fn new(kernel_size: impl Into<Self>) -> Self {
        kernel_size.into()
    }

    fn windows(&self) -> Vec<Windows> {
        let MaxPool { kernel_size, stride, padding, dilation, ceil_mode } = *self;
        let stride = stride.unwrap_or(kernel_size);
        let along = |axis: usize| Windows::Moving {
            kernel: kernel_size[axis],
            stride: stride[axis],
            padding: padding[axis],
            dilation: dilation[axis],
            ceil_mode,
        };
        (0..D).map(along).collect()
    }
}

impl<const D: usize> From<[usize; D]> for MaxPool<D> {
    fn from(kernel_size: [usize; D]) -> Self {
        MaxPool { kernel_size, stride: None, padding: [0; D], dilation: [1; D], ceil_mode: false }
    }
}

impl<const D: usize> From<usize> for MaxPool<D> {
    fn from(kernel_size: usize) -> Self {
        [kernel_size; D].into()
    }
}

impl<F: Float> Tensor<F> {
    /// The maximum over windows along the last axis: `[.., length]` to `[.., windows]`. See [`MaxPool`] for the options,
    /// and [`max_pool2d`](Self::max_pool2d) for ties and NaN.
    ///
    /// ```
    /// use downhill_tensor::{MaxPool1d, Tensor};
    /// let x = Tensor::from([3.0, 1.0, 4.0, 1.0, 5.0]);
    /// assert_eq!(x.max_pool1d(2), Tensor::from([3.0, 4.0]));
    /// assert_eq!(x.max_pool1d(MaxPool1d { stride: Some([1]), ..MaxPool1d::new(3) }), Tensor::from([4.0, 4.0, 5.0]));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool1d(&self, options: impl Into<MaxPool1d>) -> Tensor<F> {
        max_windows(self, options.into().windows())
    }

    /// The maximum over windows of the last two axes: `[.., height, width]` to `[.., windows down, windows along]`. See
    /// [`MaxPool`] for the options. As in PyTorch, a NaN is larger than anything, and of equal elements the first, row by
    /// row, gets the gradient.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([[1.0, 2.0, 5.0, 5.0], [4.0, 3.0, 0.0, 5.0]]);
    /// let y = x.max_pool2d(2);
    /// assert_eq!(y, Tensor::from([[4.0, 5.0]]));
    /// assert_eq!(y.sum().backward()[&x], Tensor::from([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor lacks these axes or they are empty; if the kernel does not fit into the padded input; if a kernel size,
    /// stride or dilation is 0, or the padding is more than half the kernel; if a window holds only padding; if a plane has
    /// 2³² elements or more.
    #[track_caller]
    pub fn max_pool2d(&self, options: impl Into<MaxPool2d>) -> Tensor<F> {
        max_windows(self, options.into().windows())
    }

    /// [`max_pool1d`](Self::max_pool1d), and the position of every maximum along the axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let (y, indices) = Tensor::from([3.0, 1.0, 4.0, 6.0]).max_pool1d_with_indices(2);
    /// assert_eq!((y, indices), (Tensor::from([3.0, 6.0]), array![0, 3].into_dyn()));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool1d_with_indices(&self, options: impl Into<MaxPool1d>) -> (Tensor<F>, ArrayD<usize>) {
        max_windows_with_indices(self, options.into().windows())
    }

    /// [`max_pool2d`](Self::max_pool2d), and where every maximum is: its number in the plane `[height, width]`, counted
    /// row by row, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let (y, indices) = Tensor::from([[1.0, 2.0], [4.0, 3.0]]).max_pool2d_with_indices(2);
    /// assert_eq!((y, indices), (Tensor::from([[4.0]]), array![[2]].into_dyn()));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool2d_with_indices(&self, options: impl Into<MaxPool2d>) -> (Tensor<F>, ArrayD<usize>) {
        max_windows_with_indices(self, options.into().windows())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// Each option, on a row of which the windows can be read off.
    #[test]
    fn options() {
        let x = Tensor::from([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]);
        let pool = |options: MaxPool1d| x.max_pool1d(options).to_vec();
        let of_three = MaxPool1d::new(3);
        assert_eq!(pool(of_three), [4.0, 9.0]);
        assert_eq!(pool(MaxPool { stride: Some([1]), ..of_three }), [4.0, 4.0, 5.0, 9.0, 9.0]);
        assert_eq!(pool(MaxPool { padding: [1], ..of_three }), [3.0, 5.0, 9.0]);
        assert_eq!(pool(MaxPool { dilation: [2], stride: Some([1]), ..of_three }), [5.0, 9.0, 5.0]);
        assert_eq!(pool(MaxPool { ceil_mode: true, ..of_three }), [4.0, 9.0, 2.0]);
        let (_, indices) = x.max_pool1d_with_indices(MaxPool { padding: [1], ..of_three });
        assert_eq!(indices, array![0, 4, 5].into_dyn());
    }

    #[test]
    fn each_axis_has_its_own() {
        let x = Tensor::arange(0.0, 24.0, 1.0).reshape(&[1, 1, 4, 6]);
        let options = MaxPool2d { stride: Some([1, 3]), padding: [0, 1], ..MaxPool2d::new([2, 3]) };
        let (y, indices) = x.max_pool2d_with_indices(options);
        assert_eq!(y.reshape(&[3, 2]), Tensor::from([[7.0, 10.0], [13.0, 16.0], [19.0, 22.0]]));
        assert_eq!(indices, y.view().mapv(|y| y as usize));
    }

    /// As `torch.nn.functional.max_pool2d`.
    #[test]
    fn ties_go_to_the_first_and_nan_to_the_last() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (window, place) in [
            ([[2.0, 2.0], [2.0, 2.0]], 0),
            ([[1.0, 2.0], [2.0, 0.0]], 1),
            ([[0.0, -0.0], [-0.0, 0.0]], 0),
            ([[-inf, -inf], [-inf, -inf]], 0),
            ([[inf, nan], [1.0, nan]], 3),
        ] {
            let x = Tensor::param(window);
            let (y, indices) = x.max_pool2d_with_indices(2);
            assert_eq!(indices, array![[place]].into_dyn(), "{window:?}");
            assert_eq!(y.item().is_nan(), place == 3);
            let gradient = y.sum().backward()[&x].to_vec();
            assert!((0..4).all(|i| gradient[i] == f64::from(u8::from(i == place))), "{window:?}: {gradient:?}");
        }
    }

    /// Padding never wins, however negative the elements are.
    #[test]
    fn padding_is_below_everything() {
        let x = Tensor::from([[-5.0, f64::NEG_INFINITY], [-7.0, -9.0]]);
        let options = MaxPool2d { padding: [1, 1], ..MaxPool2d::new(2) };
        assert_eq!(x.max_pool2d(options), x);
    }

    /// Where windows overlap, the gradients of all that chose an element add up.
    #[test]
    fn an_element_of_many_windows() {
        let x = Tensor::param([1.0, 9.0, 2.0, 3.0]);
        let y = x.max_pool1d(MaxPool1d { stride: Some([1]), ..MaxPool1d::new(2) });
        let grads = (y * Tensor::from([1.0, 10.0, 100.0])).sum().backward();
        assert_eq!(grads[&x], Tensor::from([0.0, 11.0, 0.0, 100.0]));
    }

    #[test]
    fn without_elements() {
        let (y, indices) = Tensor::<f32>::zeros(&[0, 3, 4, 4]).max_pool2d_with_indices(2);
        assert_eq!((y.shape(), indices.shape()), (&[0, 3, 2, 2][..], &[0, 3, 2, 2][..]));
    }

    #[test]
    #[should_panic(
        expected = "max_pool2d of [2, 3, 1]: axis 2: size 1 with padding 0 is less than the kernel's span, 2"
    )]
    fn a_kernel_that_does_not_fit() {
        Tensor::<f32>::zeros(&[2, 3, 1]).max_pool2d(2);
    }

    /// PyTorch reports an index outside the plane.
    #[test]
    #[should_panic(expected = "max_pool1d of [1]: a window would hold padding only")]
    fn a_window_of_padding() {
        Tensor::<f32>::zeros(&[1]).max_pool1d(MaxPool1d { padding: [1], dilation: [2], ..MaxPool1d::new(2) });
    }
}
