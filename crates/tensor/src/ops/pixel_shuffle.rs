//! Channels to pixels and back: `[.., C·r², H, W]` becomes `[.., C, H·r, W·r]`.
//!
//! Composed of `reshape` and `permute`, so the derivative of each is the other.
//!
//! Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
//! network", arXiv 1609.05158.

use crate::{Float, Tensor, checked_size};

impl<F: Float> Tensor<F> {
    /// Rearranges channels into pixels: `[.., C·r², H, W]` becomes `[.., C, H·r, W·r]`. Every pixel becomes `r × r` pixels,
    /// row by row from `r²` channels that follow each other.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]);
    /// assert_eq!(x.pixel_shuffle(2), Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than three axes, the factor is 0, the channels are not a multiple of its square, or the
    /// result would be too large.
    #[track_caller]
    pub fn pixel_shuffle(&self, upscale_factor: usize) -> Tensor<F> {
        let r = upscale_factor;
        let (leading, [channels, height, width]) = split("pixel_shuffle", self.shape());
        let square = r.checked_mul(r).filter(|&square| square > 0 && channels.is_multiple_of(square));
        let Some(square) = square else {
            panic!(
                "pixel_shuffle of {:?}: the {channels} channels (axis -3) must be a multiple of the square of the factor, \
                 which is {r}",
                self.shape()
            )
        };
        let apart = [leading, &[channels / square, r, r, height, width]].concat();
        // After this, no product of some of these sizes overflows.
        checked_size::<F>("pixel_shuffle", &apart);
        let n = leading.len() as isize;
        let order: Vec<isize> = (0..n + 1).chain([n + 3, n + 1, n + 4, n + 2]).collect();
        let together = [leading, &[channels / square, height * r, width * r]].concat();
        self.reshape(&apart).permute(&order).reshape(&together)
    }

    /// Rearranges pixels into channels: `[.., C, H·r, W·r]` becomes `[.., C·r², H, W]`, the inverse of
    /// [`pixel_shuffle`](Self::pixel_shuffle).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
    /// assert_eq!(x.pixel_unshuffle(2), Tensor::from([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]));
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than three axes, the factor is 0, height or width is not a multiple of it, or the result
    /// would be too large.
    #[track_caller]
    pub fn pixel_unshuffle(&self, downscale_factor: usize) -> Tensor<F> {
        let r = downscale_factor;
        let (leading, [channels, height, width]) = split("pixel_unshuffle", self.shape());
        assert!(
            r > 0 && height.is_multiple_of(r) && width.is_multiple_of(r),
            "pixel_unshuffle of {:?}: height {height} and width {width} must be multiples of the factor, which is {r}",
            self.shape()
        );
        let apart = [leading, &[channels, height / r, r, width / r, r]].concat();
        // After this, no product of some of these sizes overflows.
        checked_size::<F>("pixel_unshuffle", &apart);
        let n = leading.len() as isize;
        let order: Vec<isize> = (0..n + 1).chain([n + 2, n + 4, n + 1, n + 3]).collect();
        let together = [leading, &[channels * r * r, height / r, width / r]].concat();
        self.reshape(&apart).permute(&order).reshape(&together)
    }
}

/// The last three axes, and those before them.
#[track_caller]
fn split<'a>(op: &str, shape: &'a [usize]) -> (&'a [usize], [usize; 3]) {
    match shape {
        [leading @ .., channels, height, width] => (leading, [*channels, *height, *width]),
        _ => panic!("{op} of {shape:?}: expected an input [.., channels, height, width]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let shapes: [&[usize]; 5] = [&[4, 1, 2], &[2, 4, 2, 1], &[0, 4, 1, 1], &[8, 2, 0], &[1, 2, 4, 1, 2]];
        sweep::shapes("permute", &shapes, domain(), |x| x.pixel_shuffle(2).square());
        let shapes: [&[usize]; 4] = [&[2, 2, 4], &[2, 1, 4, 2], &[0, 3, 2, 2], &[1, 2, 1, 4, 4]];
        sweep::shapes("permute", &shapes, domain(), |x| x.pixel_unshuffle(2).square());
    }

    /// From the definition: pixel (h·r + i, w·r + j) of channel c is pixel (h, w) of channel c·r² + i·r + j.
    #[test]
    fn by_definition() {
        for (channels, height, width, r) in [(1, 1, 1, 3), (2, 3, 2, 2), (1, 2, 4, 1), (3, 1, 2, 3)] {
            let shape = [2, channels * r * r, height, width];
            let x = Tensor::arange(0.0, shape.iter().product::<usize>() as f64, 1.0).reshape(&shape);
            let y = x.pixel_shuffle(r);
            assert_eq!(y.shape(), [2, channels, height * r, width * r]);
            let (channels, pixels) = (x.view(), y.view());
            for (place, &pixel) in pixels.indexed_iter() {
                let (c, i, j) = (place[1], place[2] % r, place[3] % r);
                assert_eq!(pixel, channels[[place[0], c * r * r + i * r + j, place[2] / r, place[3] / r]]);
            }
            assert_eq!(y.pixel_unshuffle(r), x);
        }
    }

    #[test]
    #[should_panic(expected = "pixel_shuffle of [6, 2, 2]: the 6 channels (axis -3) must be a multiple of the square")]
    fn channels_that_do_not_fit() {
        Tensor::<f32>::zeros(&[6, 2, 2]).pixel_shuffle(2);
    }

    #[test]
    #[should_panic(expected = "pixel_unshuffle of [1, 4, 3]: height 4 and width 3 must be multiples of the factor")]
    fn pixels_that_do_not_fit() {
        Tensor::<f32>::zeros(&[1, 4, 3]).pixel_unshuffle(2);
    }

    #[test]
    #[should_panic(expected = "pixel_shuffle of [2, 2]: expected an input [.., channels, height, width]")]
    fn without_channels() {
        Tensor::<f32>::zeros(&[2, 2]).pixel_shuffle(2);
    }
}
