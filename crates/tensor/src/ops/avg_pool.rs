//! Average pooling: the sum over windows that move along the last one or two axes, divided by how many positions a window
//! has.
//!
//! Composed of [`sum_runs`](super::runs) along each axis and a division, so that every average is rounded as a quotient.

use super::runs::sum_runs;
use super::window::{Windows, pooled};
use crate::kernels::{Run, room};
use crate::{Float, Params, Tensor, operation};

/// The options of average pooling along the last `D` axes, and the layer: [`AvgPool1d`] and [`AvgPool2d`]. Names and
/// defaults are PyTorch's. Windows move as those of [`MaxPool`](crate::MaxPool).
///
/// ```
/// use downhill_tensor::{AvgPool2d, Tensor};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
/// assert_eq!(x.avg_pool2d(2), Tensor::from([[3.0]]));
/// let padded = AvgPool2d { padding: [1, 1], ..AvgPool2d::new(2) };
/// assert_eq!(x.avg_pool2d(padded), Tensor::from([[0.25, 0.5], [0.75, 1.5]]));
/// assert_eq!(x.avg_pool2d(AvgPool2d { count_include_pad: false, ..padded }), x);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
#[params(crate = "crate")]
pub struct AvgPool<const D: usize> {
    /// The size of the window.
    pub kernel_size: [usize; D],
    /// How far the window moves each time; the size of the window if `None`.
    pub stride: Option<[usize; D]>,
    /// How many zeros are added at both ends of each axis. At most half the kernel.
    pub padding: [usize; D],
    /// Windows may reach past the end; what lies there does not count.
    pub ceil_mode: bool,
    /// Whether the zeros of the padding count in the divisor.
    pub count_include_pad: bool,
    /// What the sum over a window is divided by, in place of the number of its positions.
    pub divisor_override: Option<usize>,
}

/// Average pooling of `[.., length]`.
pub type AvgPool1d = AvgPool<1>;
/// Average pooling of `[.., height, width]`.
pub type AvgPool2d = AvgPool<2>;

impl<const D: usize> AvgPool<D> {
    /// Windows of one size for all axes, or of a size for each (`AvgPool2d::new([3, 2])`), side by side.
    pub fn new(kernel_size: impl Into<Self>) -> Self {
        kernel_size.into()
    }
}

impl<const D: usize> From<[usize; D]> for AvgPool<D> {
    fn from(kernel_size: [usize; D]) -> Self {
        AvgPool {
            kernel_size,
            stride: None,
            padding: [0; D],
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }
}

impl<const D: usize> From<usize> for AvgPool<D> {
    fn from(kernel_size: usize) -> Self {
        [kernel_size; D].into()
    }
}

/// The average pooling of the last `D` axes.
#[track_caller]
fn pool<F: Float, const D: usize>(name: &'static str, x: &Tensor<F>, options: AvgPool<D>) -> Tensor<F> {
    let stride = options.stride.unwrap_or(options.kernel_size);
    let windows: [Windows; D] = std::array::from_fn(|axis| Windows::Moving {
        kernel: options.kernel_size[axis],
        stride: stride[axis],
        padding: options.padding[axis],
        dilation: 1,
        ceil_mode: options.ceil_mode,
    });
    assert!(
        options.divisor_override != Some(0),
        "{name} of {:?}: divisor_override must be at least 1, got 0",
        x.shape()
    );
    mean_over(name, x, &windows, |axis, window, size| match (options.divisor_override, options.count_include_pad) {
        // The divisor is the product over the axes.
        (Some(divisor), _) => {
            if axis == 0 {
                divisor
            } else {
                1
            }
        }
        (None, true) => windows[axis].padded_count(window, size),
        (None, false) => windows[axis].taps(window, size).count,
    })
}

/// The sum over each window of the last axes, divided by the product of `counted(axis, window, size)` over these axes,
/// numbered from 0.
#[track_caller]
pub(super) fn mean_over<F: Float>(
    name: &'static str,
    x: &Tensor<F>,
    windows: &[Windows],
    counted: impl Fn(usize, usize, usize) -> usize,
) -> Tensor<F> {
    let shape = match pooled::<F>(windows, x.shape()) {
        Ok(shape) => shape,
        Err(reason) => panic!("{name} of {:?}: {reason}", x.shape()),
    };
    if x.is_empty() {
        // Without a window for which there are elements; the number of windows may be absurd.
        return x.reshape(&shape);
    }
    let mut y = x.clone();
    let mut divisor = Tensor::from(F::one());
    let leading = x.ndim() - windows.len();
    for (i, windows) in windows.iter().enumerate() {
        let axis = leading + i;
        let size = x.shape()[axis];
        operation::begin(name);
        let (mut runs, mut counts) = (room(&[shape[axis]]), room(&[shape[axis]]));
        for window in 0..shape[axis] {
            let taps = windows.taps(window, size);
            runs.push(Run { first: taps.first, count: taps.count, weights: None });
            counts.push(F::from_f64(counted(i, window, size) as f64));
        }
        let single = |(window, run): (usize, &Run<F>)| run.first == window && run.count == 1;
        if runs.len() != size || !runs.iter().enumerate().all(single) {
            y = sum_runs(&y, axis, runs);
        }
        // Most often all windows have as many positions, and the divisor is a number.
        if counts.iter().any(|count| *count != counts[0]) {
            let mut column = vec![1; x.ndim() - axis];
            column[0] = counts.len();
            divisor *= Tensor::from_shape_vec(&column, counts);
        } else if let Some(&count) = counts.first() {
            divisor *= count;
        }
    }
    y / divisor
}

impl<F: Float> Tensor<F> {
    /// The averages of windows along the last axis: `[.., length]` to `[.., windows]`. See [`AvgPool`] for the options.
    ///
    /// ```
    /// use downhill_tensor::{AvgPool1d, Tensor};
    /// let x = Tensor::from([1.0, 3.0, 4.0, 8.0, 9.0]);
    /// assert_eq!(x.avg_pool1d(2), Tensor::from([2.0, 6.0]));
    /// assert_eq!(x.avg_pool1d(AvgPool1d { ceil_mode: true, ..AvgPool1d::new(2) }), Tensor::from([2.0, 6.0, 9.0]));
    /// ```
    ///
    /// # Panics
    /// As [`avg_pool2d`](Self::avg_pool2d).
    #[track_caller]
    pub fn avg_pool1d(&self, options: impl Into<AvgPool1d>) -> Tensor<F> {
        pool("avg_pool1d", self, options.into())
    }

    /// The averages of windows of the last two axes: `[.., height, width]` to `[.., windows down, windows along]`. See
    /// [`AvgPool`] for the options.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 5.0, 6.0], [4.0, 3.0, 0.0, 7.0]]);
    /// assert_eq!(x.avg_pool2d(2), Tensor::from([[2.5, 4.5]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor lacks these axes or they are empty; if the kernel does not fit into the padded input; if a kernel size
    /// or stride is 0, or the padding is more than half the kernel; if `divisor_override` is 0.
    #[track_caller]
    pub fn avg_pool2d(&self, options: impl Into<AvgPool2d>) -> Tensor<F> {
        pool("avg_pool2d", self, options.into())
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
        sweep::shapes("avg_pool1d", &rows, domain(), |x| x.avg_pool1d(2));
        let options = AvgPool { stride: Some([2]), padding: [1], ceil_mode: true, ..AvgPool1d::new(3) };
        sweep::shapes("avg_pool1d", &rows, domain(), |x| x.avg_pool1d(options));
        let planes: [&[usize]; 5] = [&[2, 2], &[4, 5], &[0, 2, 3], &[2, 4, 3], &[2, 1, 3, 4]];
        sweep::shapes("avg_pool2d", &planes, domain(), |x| x.avg_pool2d(2));
        let options = AvgPool { stride: Some([1, 2]), padding: [1, 0], ceil_mode: true, ..AvgPool2d::new([3, 2]) };
        for options in
            [options, AvgPool { count_include_pad: false, ..options }, AvgPool { divisor_override: Some(3), ..options }]
        {
            sweep::shapes("avg_pool2d", &planes, domain(), |x| x.avg_pool2d(options));
        }
    }

    /// With the zeros of the padding: windows (0, 1, 2), (3, 4, 5), and in ceil mode (6, 0), of which the second zero lies
    /// beyond the padding.
    #[test]
    fn what_counts() {
        let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let pool = |options: AvgPool1d| x.avg_pool1d(options).to_vec();
        let padded = AvgPool { padding: [1], ..AvgPool1d::new(3) };
        assert_eq!(pool(padded), [1.0, 4.0]);
        assert_eq!(pool(AvgPool { count_include_pad: false, ..padded }), [1.5, 4.0]);
        let ceil = AvgPool { ceil_mode: true, ..padded };
        assert_eq!(pool(ceil), [1.0, 4.0, 3.0]);
        assert_eq!(pool(AvgPool { count_include_pad: false, ..ceil }), [1.5, 4.0, 6.0]);
        assert_eq!(pool(AvgPool { divisor_override: Some(2), ..ceil }), [1.5, 6.0, 3.0]);
        // It is the divisor of the whole window, not of each axis.
        let by_four = AvgPool { divisor_override: Some(4), ..AvgPool2d::new([2, 1]) };
        assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).avg_pool2d(by_four), Tensor::from([[1.0, 2.0]]));
    }

    /// A sum and one division: exact where a product of weights would not be.
    #[test]
    fn an_average_of_equals_is_exact() {
        for value in [0.1, 1.0 / 3.0, 1e300] {
            let x = Tensor::full(&[7, 7], value);
            assert_eq!(x.avg_pool2d([7, 1]).to_vec(), [(0..7).map(|_| value).sum::<f64>() / 7.0; 7]);
        }
        assert_eq!(Tensor::<f32>::ones(&[49, 49]).avg_pool2d(7), Tensor::ones(&[7, 7]));
    }

    #[test]
    fn nan_and_infinity_stay_in_their_windows() {
        let x = Tensor::from([f64::INFINITY, 1.0, f64::NAN, 1.0, 1.0, 2.0]);
        let y = x.avg_pool1d(2).to_vec();
        assert!(y[0] == f64::INFINITY && y[1].is_nan() && y[2] == 1.5);
    }

    #[test]
    #[should_panic(expected = "avg_pool2d of [2, 2]: axis 0: the padding must be at most half the kernel")]
    fn padding_beyond_the_kernel() {
        Tensor::<f32>::zeros(&[2, 2]).avg_pool2d(AvgPool2d { padding: [2, 1], ..AvgPool2d::new(2) });
    }
}
