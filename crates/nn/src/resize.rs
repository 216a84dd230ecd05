//! Other resolutions as layers: interpolation, and channels that become pixels.

use downhill_tensor::{Float, Params, Tensor};
pub use downhill_tensor::{InterpolateMode, Resize, Upsample};

use crate::Module;

impl<F: Float> Module<F> for Upsample {
    /// # Panics
    /// As [`Tensor::interpolate`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.interpolate(self)
    }
}

/// Rearranges channels into pixels, `[.., C·r², H, W]` to `[.., C, H·r, W·r]`: [`Tensor::pixel_shuffle`].
///
/// ```
/// use downhill_nn::{Module, PixelShuffle};
/// use downhill_tensor::Tensor;
/// let layer = PixelShuffle { upscale_factor: 3 };
/// assert_eq!(layer.forward(&Tensor::<f32>::zeros(&[8, 18, 10, 20])).shape(), [8, 2, 30, 60]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct PixelShuffle {
    /// How much height and width grow, `r`.
    pub upscale_factor: usize,
}

impl<F: Float> Module<F> for PixelShuffle {
    /// # Panics
    /// As [`Tensor::pixel_shuffle`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.pixel_shuffle(self.upscale_factor)
    }
}

/// Rearranges pixels into channels, `[.., C, H·r, W·r]` to `[.., C·r², H, W]`: [`Tensor::pixel_unshuffle`].
///
/// ```
/// use downhill_nn::{Module, PixelUnshuffle};
/// use downhill_tensor::Tensor;
/// let layer = PixelUnshuffle { downscale_factor: 3 };
/// assert_eq!(layer.forward(&Tensor::<f32>::zeros(&[8, 2, 30, 60])).shape(), [8, 18, 10, 20]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct PixelUnshuffle {
    /// How much height and width shrink, `r`.
    pub downscale_factor: usize,
}

impl<F: Float> Module<F> for PixelUnshuffle {
    /// # Panics
    /// As [`Tensor::pixel_unshuffle`].
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        x.pixel_unshuffle(self.downscale_factor)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[[1.0, 3.0]], [[2.0, 4.0]], [[5.0, 7.0]], [[6.0, 8.0]]]).unsqueeze(0);
        let y = PixelShuffle { upscale_factor: 2 }.forward(&x);
        assert_eq!(y, Tensor::from([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]).unsqueeze(0));
        assert_eq!(PixelUnshuffle { downscale_factor: 2 }.forward(&y), x);
        let half = Upsample { mode: InterpolateMode::Linear { align_corners: false }, ..Upsample::new(0.5) };
        assert_eq!(half.forward(&y), Tensor::from([[[3.5, 5.5]]]).unsqueeze(0));
        assert_eq!(Upsample::new([1, 2]).forward(&y), Tensor::from([[[1.0, 3.0]]]).unsqueeze(0));
    }

    #[test]
    fn derivatives() {
        let x = Tensor::from([[[1.0, 3.0]], [[2.0, -4.0]], [[0.5, -1.0]], [[0.25, 1.5]]]).unsqueeze(0);
        let linear =
            |align_corners| Upsample { mode: InterpolateMode::Linear { align_corners }, ..Upsample::new([3, 5]) };
        let layers: [&dyn Module<f64>; 4] =
            [&Upsample::new(2.0), &linear(true), &linear(false), &PixelShuffle { upscale_factor: 2 }];
        for layer in layers {
            gradcheck(|[x]| layer.forward(x).exp(), [&x], Check::order(2)).unwrap();
        }
        let unshuffle = PixelUnshuffle { downscale_factor: 2 };
        gradcheck(|[x]| unshuffle.forward(&x.reshape(&[2, 2, 2])).exp(), [&x], Check::order(2)).unwrap();
    }
}
