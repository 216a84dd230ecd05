//! Convolutions of one and of two axes: the sum of the products of a kernel and the patch of the image under it, at every
//! position.
//!
//! As in every framework, the kernel is not flipped: mathematically, it is a cross-correlation.

use super::convolution::{Arguments, Convolution, Role, convolution};
use crate::kernels::conv;
use crate::{Float, Tensor, shape};

/// The options of a convolution along `N` axes, with PyTorch's names and defaults.
///
/// ```
/// use downhill_tensor::{Conv, ConvPadding};
/// let half = Conv::<2> { stride: [2, 2], padding: 1.into(), ..Conv::default() };
/// assert_eq!(half.padding, ConvPadding::Zeros([1, 1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv<const N: usize> {
    /// The distance between neighboring positions of the kernel.
    pub stride: [usize; N],
    /// How many zeros surround the image.
    pub padding: ConvPadding<N>,
    /// The distance between the image elements that neighboring elements of the kernel meet.
    pub dilation: [usize; N],
    /// Into how many groups the channels are divided, of the input and of the output; each group has a convolution of its
    /// own. As many as channels: a depthwise convolution.
    pub groups: usize,
}

impl<const N: usize> Default for Conv<N> {
    /// A dense kernel at every position where it lies within the image; all channels in one group.
    fn default() -> Self {
        Conv { stride: [1; N], padding: ConvPadding::Valid, dilation: [1; N], groups: 1 }
    }
}

/// The zeros around the image of a convolution along `N` axes. A number of zeros, for all axes or each, converts to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvPadding<const N: usize> {
    /// None: the kernel stays within the image.
    Valid,
    /// As many as it takes for the result to have the size of the image; if their number is odd, the last is behind it. The
    /// stride must be 1.
    Same,
    /// So many before and as many after it, along each axis.
    Zeros([usize; N]),
}

impl<const N: usize> From<usize> for ConvPadding<N> {
    fn from(zeros: usize) -> Self {
        ConvPadding::Zeros([zeros; N])
    }
}

impl<const N: usize> From<[usize; N]> for ConvPadding<N> {
    fn from(zeros: [usize; N]) -> Self {
        ConvPadding::Zeros(zeros)
    }
}

impl<const N: usize> Conv<N> {
    /// The number of zeros before and after the image.
    fn zeros(&self, axis: usize, kernel: usize) -> Result<[usize; 2], String> {
        match self.padding {
            ConvPadding::Valid => Ok([0, 0]),
            ConvPadding::Zeros(zeros) => Ok([zeros[axis]; 2]),
            ConvPadding::Same if self.stride[axis] != 1 => Err(format!(
                "`Same` keeps the size, which a stride of {} does not; give the padding as a number",
                self.stride[axis]
            )),
            ConvPadding::Same => {
                let all = kernel.saturating_sub(1).saturating_mul(self.dilation[axis]);
                Ok([all / 2, all - all / 2])
            }
        }
    }

    #[track_caller]
    fn apply<F: Float>(
        &self,
        name: &'static str,
        input: &Tensor<F>,
        weight: &Tensor<F>,
        bias: Option<&Tensor<F>>,
    ) -> Tensor<F> {
        let Conv { stride, dilation, groups, .. } = *self;
        let bias_shape = bias.map(Tensor::shape);
        let arguments =
            Arguments { name, input: input.shape(), weight: weight.shape(), bias: bias_shape, rank: N, groups };
        let [images, channels] =
            arguments.images_and_channels(["[out, in/groups, k]", "[out, in/groups, kh, kw]"][N - 1]);
        let &[out, inputs, ref kernel @ ..] = weight.shape() else { unreachable!("checked") };
        if inputs != channels / groups {
            arguments.misfit(&format!(
                "the input has {channels} channels in {groups} group(s), but the weight is for {inputs} in each"
            ));
        }
        if !out.is_multiple_of(groups) {
            arguments.misfit(&format!("{out} output channels cannot be divided into {groups} groups"));
        }
        arguments.check_bias(out);
        let sizes = &input.shape()[input.ndim() - N..];
        let axes = arguments
            .axes(|i| conv::Axis::sliding(sizes[i], kernel[i], stride[i], dilation[i], self.zeros(i, kernel[i])?));
        let conv = conv::Conv { images, groups, inputs, outputs: out / groups, axes };
        let op = Convolution { role: Role::Output, conv, rank: N };
        if let Err(reason) = shape::check::<F>(&op.shape()) {
            arguments.misfit(&reason);
        }
        if input.ndim() == N + 1 {
            return convolution(op, [&input.unsqueeze(0), weight], bias).squeeze_axis(0);
        }
        convolution(op, [input, weight], bias)
    }
}

impl<F: Float> Tensor<F> {
    /// The convolution of images `[N, C, H, W]` with a weight `[out, C/groups, kh, kw]`, plus a bias `[out]`, if any:
    /// `[N, out, H', W']`. An image `[C, H, W]` without a batch gives `[out, H', W']`.
    ///
    /// ```text
    /// y[n, j, o, p] = bias[j] + Σ x[n, i, o·stride + k·dilation - padding, p·stride + l·dilation - padding]·w[j, i, k, l]
    /// H' = (H + 2·padding - dilation·(kh - 1) - 1)/stride + 1, rounded down
    /// ```
    ///
    /// ```
    /// use downhill_tensor::{Conv, Tensor};
    /// let image = Tensor::from([[[1.0, 2.0, 4.0], [0.0, 1.0, 0.0]]]);
    /// let edges = Tensor::from([-1.0, 1.0]).reshape(&[1, 1, 1, 2]);
    /// assert_eq!(image.conv2d(&edges, None, Conv::default()), Tensor::from([[[1.0, 2.0], [1.0, -1.0]]]));
    /// let padded = image.conv2d(&edges, Some(&Tensor::from([0.5])), Conv { padding: [0, 1].into(), ..Conv::default() });
    /// assert_eq!(padded, Tensor::from([[[1.5, 1.5, 2.5, -3.5], [0.5, 1.5, -0.5, 0.5]]]));
    /// ```
    ///
    /// The record keeps the input and the weight, nothing else. Padding is zeros: where an infinite weight meets it, the
    /// result is NaN.
    ///
    /// # Panics
    /// If the shapes do not fit, the kernel does not fit into the padded image, or an option is 0 that must not be.
    #[track_caller]
    pub fn conv2d(&self, weight: &Tensor<F>, bias: Option<&Tensor<F>>, options: Conv<2>) -> Tensor<F> {
        options.apply("conv2d", self, weight, bias)
    }

    /// [`conv2d`](Self::conv2d) along one axis: `[N, C, L]` or `[C, L]` with a weight `[out, C/groups, k]`.
    ///
    /// ```
    /// use downhill_tensor::{Conv, ConvPadding, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 4.0, 8.0]]);
    /// let sums = Tensor::from([[[1.0, 1.0]]]);
    /// assert_eq!(x.conv1d(&sums, None, Conv { stride: [2], ..Conv::default() }), Tensor::from([[3.0, 12.0]]));
    /// let same = x.conv1d(&sums, None, Conv { padding: ConvPadding::Same, ..Conv::default() });
    /// assert_eq!(same, Tensor::from([[3.0, 6.0, 12.0, 8.0]]));
    /// ```
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    #[track_caller]
    pub fn conv1d(&self, weight: &Tensor<F>, bias: Option<&Tensor<F>>, options: Conv<1>) -> Tensor<F> {
        options.apply("conv1d", self, weight, bias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(shape: &[usize]) -> Tensor<f64> {
        let len: usize = shape.iter().product();
        Tensor::from((1..=len).map(|i| i as f64).collect::<Vec<_>>()).reshape(shape)
    }

    /// A kernel of ones sums its patches; one with a single 1 shifts the image.
    #[test]
    fn values_by_hand() {
        let x = numbered(&[1, 1, 3, 4]);
        let ones = Tensor::ones(&[1, 1, 2, 2]);
        let sums = [[14.0, 18.0, 22.0], [30.0, 34.0, 38.0]];
        assert_eq!(x.conv2d(&ones, None, Conv::default()).reshape(&[2, 3]), Tensor::from(sums));
        let half = Conv { stride: [2, 2], padding: 1.into(), ..Conv::default() };
        let sums = [[1.0, 5.0, 4.0], [14.0, 34.0, 20.0]];
        assert_eq!(x.conv2d(&ones, None, half).reshape(&[2, 3]), Tensor::from(sums));
        let corners = Conv { dilation: [2, 3], ..Conv::default() };
        assert_eq!(x.conv2d(&ones, None, corners).item(), 1.0 + 4.0 + 9.0 + 12.0);
        let mut kernel = vec![0.0; 9];
        kernel[5] = 1.0;
        let right = Tensor::from(kernel).reshape(&[1, 1, 3, 3]);
        let same = Conv { padding: ConvPadding::Same, ..Conv::default() };
        let shifted = [[2.0, 3.0, 4.0, 0.0], [6.0, 7.0, 8.0, 0.0], [10.0, 11.0, 12.0, 0.0]];
        assert_eq!(x.conv2d(&right, None, same).reshape(&[3, 4]), Tensor::from(shifted));
        // Of an even kernel, the odd zero is after the image.
        let y = numbered(&[1, 3]).conv1d(
            &Tensor::from([[[1.0, 10.0]]]),
            None,
            Conv { padding: ConvPadding::Same, ..Conv::default() },
        );
        assert_eq!(y, Tensor::from([[21.0, 32.0, 3.0]]));
        // The kernel is not flipped.
        let y = numbered(&[1, 3]).conv1d(&numbered(&[1, 1, 2]), None, Conv::default());
        assert_eq!(y, Tensor::from([[1.0 + 4.0, 2.0 + 6.0]]));
        assert_eq!(Conv::<1>::default().padding, ConvPadding::Valid);
        assert_eq!(ConvPadding::from([1, 2]), ConvPadding::Zeros([1, 2]));
    }

    /// Each group sees its own channels, and each output channel its own weights and bias.
    #[test]
    fn groups_and_bias() {
        let x = Tensor::from([[1.0, 2.0], [10.0, 20.0]]);
        let depthwise = Conv { groups: 2, ..Conv::default() };
        let weight = Tensor::from([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]);
        let y = x.conv1d(&weight, Some(&Tensor::from([0.5, 0.0, 0.0, 0.25])), depthwise);
        assert_eq!(y, Tensor::from([[1.5, 2.5], [2.0, 4.0], [30.0, 60.0], [40.25, 80.25]]));
    }

    #[test]
    fn nothing_in_it() {
        let (weight, bias) = (Tensor::<f32>::ones(&[2, 3, 1]), Tensor::from([1.0, 2.0]));
        assert_eq!(Tensor::zeros(&[0, 3, 5]).conv1d(&weight, Some(&bias), Conv::default()).shape(), [0, 2, 5]);
        let nothing = Tensor::zeros(&[1, 0, 2]).conv1d(&Tensor::zeros(&[2, 0, 1]), Some(&bias), Conv::default());
        assert_eq!(nothing, Tensor::from([[[1.0, 1.0], [2.0, 2.0]]]));
        let padded = Tensor::zeros(&[1, 3, 0]).conv1d(&weight, None, Conv { padding: 1.into(), ..Conv::default() });
        assert_eq!(padded, Tensor::zeros(&[1, 2, 2]));
        let none = Tensor::<f32>::ones(&[0, 3, 1]);
        assert_eq!(Tensor::zeros(&[1, 3, 5]).conv1d(&none, None, Conv::default()).shape(), [1, 0, 5]);
    }

    /// A value that is not finite reaches what its patch reaches, in the value and in the gradients, and nothing else.
    #[test]
    fn not_finite() {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut pixels = vec![1.0; 36];
            pixels[0] = bad;
            let x = Tensor::param(Tensor::from(pixels).reshape(&[1, 1, 6, 6]));
            let w = Tensor::param(Tensor::ones(&[1, 1, 3, 3]));
            let y = x.conv2d(&w, None, Conv { padding: 1.into(), ..Conv::default() });
            let reached = [0, 1, 6, 7];
            let is_bad = |list: Vec<f64>| -> Vec<usize> { (0..list.len()).filter(|&i| !list[i].is_finite()).collect() };
            assert_eq!(is_bad(y.to_vec()), reached);
            let grads = y.sum().backward();
            assert_eq!(is_bad(grads[&x].to_vec()), []);
            // The last row and the last column of the kernel never meet the corner.
            assert_eq!(is_bad(grads[&w].to_vec()), [0, 1, 3, 4]);
            assert_eq!(grads[&w].to_vec()[8], 25.0);
        }
    }
}
