//! Transposed convolutions: every element of the input is multiplied by the kernel, and the products are added where the
//! kernel lies in the output.
//!
//! The transpose of [`conv`](super::conv) as a linear map, and so the gradient of its input; not its inverse.

use super::convolution::{Arguments, Convolution, Role, convolution};
use crate::kernels::conv;
use crate::{Float, Tensor, shape};

/// The options of a transposed convolution along `N` axes, with PyTorch's names and defaults: those of the convolution that
/// it transposes, and the size of its image where a stride leaves a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose<const N: usize> {
    /// The distance between the results of neighboring input elements.
    pub stride: [usize; N],
    /// How much is cut off at both ends of the result.
    pub padding: [usize; N],
    /// By how much the result is longer at its end; less than the stride or the dilation.
    pub output_padding: [usize; N],
    /// Into how many groups the channels are divided.
    pub groups: usize,
    /// The distance between neighboring elements of the kernel.
    pub dilation: [usize; N],
}

impl<const N: usize> Default for ConvTranspose<N> {
    /// A dense kernel at every position, all channels in one group.
    fn default() -> Self {
        ConvTranspose { stride: [1; N], padding: [0; N], output_padding: [0; N], groups: 1, dilation: [1; N] }
    }
}

impl<const N: usize> ConvTranspose<N> {
    #[track_caller]
    fn apply<F: Float>(
        &self,
        name: &'static str,
        input: &Tensor<F>,
        weight: &Tensor<F>,
        bias: Option<&Tensor<F>>,
    ) -> Tensor<F> {
        let ConvTranspose { stride, padding, output_padding, groups, dilation } = *self;
        let bias_shape = bias.map(Tensor::shape);
        let arguments =
            Arguments { name, input: input.shape(), weight: weight.shape(), bias: bias_shape, rank: N, groups };
        let [images, channels] =
            arguments.images_and_channels(["[in, out/groups, k]", "[in, out/groups, kh, kw]"][N - 1]);
        let &[expected, out, ref kernel @ ..] = weight.shape() else { unreachable!("checked") };
        if channels != expected {
            arguments.misfit(&format!("the input has {channels} channels, but the weight is for {expected}"));
        }
        let Some(all) = out.checked_mul(groups) else { arguments.misfit("the result has too many channels") };
        arguments.check_bias(all);
        let sizes = &input.shape()[input.ndim() - N..];
        let axes = arguments.axes(|i| {
            if output_padding[i] >= stride[i].max(dilation[i]) {
                return Err(format!(
                    "an output padding of {} must be less than the stride {} or the dilation {}",
                    output_padding[i], stride[i], dilation[i]
                ));
            }
            conv::Axis::spread(sizes[i], kernel[i], stride[i], dilation[i], padding[i], output_padding[i])
        });
        let conv = conv::Conv { images, groups, inputs: out, outputs: channels / groups, axes };
        let op = Convolution { role: Role::Image, conv, rank: N };
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
    /// The transposed convolution of `[N, C, H, W]` with a weight `[C, out/groups, kh, kw]`, plus a bias `[out]`, if any:
    /// `[N, out, H', W']`. An input `[C, H, W]` without a batch gives `[out, H', W']`.
    ///
    /// ```text
    /// H' = (H - 1)·stride - 2·padding + dilation·(kh - 1) + output_padding + 1
    /// ```
    ///
    /// ```
    /// use downhill_tensor::{ConvTranspose, Tensor};
    /// let x = Tensor::from([[[1.0, 2.0]]]);
    /// let kernel = Tensor::from([1.0, 10.0, 100.0]).reshape(&[1, 1, 1, 3]);
    /// assert_eq!(x.conv_transpose2d(&kernel, None, ConvTranspose::default()), Tensor::from([[[1.0, 12.0, 120.0, 200.0]]]));
    /// let double = ConvTranspose { stride: [1, 2], ..ConvTranspose::default() };
    /// assert_eq!(x.conv_transpose2d(&kernel, None, double), Tensor::from([[[1.0, 10.0, 102.0, 20.0, 200.0]]]));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, nothing is left of the result, an axis of the input other than the batch and the channels is
    /// empty, the output padding is not less than the stride or the dilation, or an option is 0 that must not be.
    #[doc(alias = "deconvolution")]
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: &Tensor<F>,
        bias: Option<&Tensor<F>>,
        options: ConvTranspose<2>,
    ) -> Tensor<F> {
        options.apply("conv_transpose2d", self, weight, bias)
    }

    /// [`conv_transpose2d`](Self::conv_transpose2d) along one axis: `[N, C, L]` or `[C, L]` with a weight
    /// `[C, out/groups, k]`.
    ///
    /// ```
    /// use downhill_tensor::{ConvTranspose, Tensor};
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let twice = ConvTranspose { stride: [2], output_padding: [1], ..ConvTranspose::default() };
    /// let y = x.conv_transpose1d(&Tensor::from([[[1.0]]]), None, twice);
    /// assert_eq!(y, Tensor::from([[1.0, 0.0, 2.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d).
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        weight: &Tensor<F>,
        bias: Option<&Tensor<F>>,
        options: ConvTranspose<1>,
    ) -> Tensor<F> {
        options.apply("conv_transpose1d", self, weight, bias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
        let ones = Tensor::ones(&[1, 1, 2, 2]);
        let y = x.conv_transpose2d(&ones, None, ConvTranspose::default());
        assert_eq!(y, Tensor::from([[[1.0, 3.0, 2.0], [4.0, 10.0, 6.0], [3.0, 7.0, 4.0]]]));
        let inner = ConvTranspose { padding: [1, 1], ..ConvTranspose::default() };
        assert_eq!(x.conv_transpose2d(&ones, None, inner), Tensor::from([[[10.0]]]));
        let without_sides = ConvTranspose { padding: [0, 1], ..ConvTranspose::default() };
        assert_eq!(x.conv_transpose2d(&ones, None, without_sides), Tensor::from([[[3.0], [10.0], [7.0]]]));
        // What the stride leaves out is 0, or the bias.
        let apart = ConvTranspose { stride: [3, 2], output_padding: [0, 1], ..ConvTranspose::default() };
        let y = x.conv_transpose2d(&Tensor::ones(&[1, 1, 1, 1]), Some(&Tensor::from([0.5])), apart);
        let rows = [[1.5, 0.5, 2.5, 0.5], [0.5; 4], [0.5; 4], [3.5, 0.5, 4.5, 0.5]];
        assert_eq!(y, Tensor::from([rows]));
        let dilated = ConvTranspose { dilation: [2], ..ConvTranspose::default() };
        let y = Tensor::from([[1.0, 2.0]]).conv_transpose1d(&Tensor::from([[[1.0, 10.0]]]), None, dilated);
        assert_eq!(y, Tensor::from([[1.0, 2.0, 10.0, 20.0]]));
    }

    /// Channels are divided in order, and the weight is `[in, out/groups, k]`.
    #[test]
    fn groups() {
        let weight = Tensor::from([[[1.0], [2.0]], [[3.0], [4.0]]]);
        let grouped = ConvTranspose { groups: 2, ..ConvTranspose::default() };
        let y = Tensor::from([[1.0], [10.0]]).conv_transpose1d(&weight, None, grouped);
        assert_eq!(y, Tensor::from([[1.0], [2.0], [30.0], [40.0]]));
        let y = Tensor::from([[1.0], [10.0]]).conv_transpose1d(&weight, None, ConvTranspose::default());
        assert_eq!(y, Tensor::from([[31.0], [42.0]]));
    }

    #[test]
    #[should_panic(
        expected = "conv_transpose1d of [1, 3] and [1, 1, 1]: length: an output padding of 2 must be less than"
    )]
    fn an_output_padding_that_is_too_large() {
        let options = ConvTranspose { stride: [2], output_padding: [2], ..ConvTranspose::default() };
        Tensor::<f32>::zeros(&[1, 3]).conv_transpose1d(&Tensor::zeros(&[1, 1, 1]), None, options);
    }
}
