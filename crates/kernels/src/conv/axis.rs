//! Where a kernel meets an image along one axis.

use std::ops::Range;

/// One axis of a convolution: result `o` and kernel position `k` meet at image position `o·stride + k·dilation - padding`,
/// if the image has it. No such position overflows an `isize`: the constructors ensure it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The number of image positions.
    pub image: usize,
    /// The number of kernel positions.
    pub kernel: usize,
    /// The number of results.
    pub output: usize,
    /// The distance between the image positions of neighboring results.
    pub stride: usize,
    /// The distance between the image positions of neighboring kernel positions.
    pub dilation: usize,
    /// The number of zeros before the image.
    pub padding: usize,
}

/// The largest size of a padded image.
const LARGEST: usize = isize::MAX as usize / 2;

impl Axis {
    /// An axis of size 1, for a convolution along the other one.
    pub const SINGLE: Self = Axis { image: 1, kernel: 1, output: 1, stride: 1, dilation: 1, padding: 0 };

    /// A kernel that slides over an image padded with `padding` zeros before and after it; or the reason why it does not
    /// fit.
    pub fn sliding(
        image: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        [before, after]: [usize; 2],
    ) -> Result<Self, String> {
        let reach = Self::reach(kernel, stride, dilation)?;
        let padded = image.checked_add(before).and_then(|size| size.checked_add(after));
        let padded = padded.filter(|&size| size <= LARGEST).ok_or("the padding is too large")?;
        let Some(room) = padded.checked_sub(reach) else {
            return Err(format!(
                "the kernel extends over {reach} positions, but the image has {image}, with its padding {padded}"
            ));
        };
        Ok(Axis { image, kernel, output: room / stride + 1, stride, dilation, padding: before })
    }

    /// The transpose of [`sliding`](Self::sliding): from the number of results, `output`, to the size of the image, which
    /// `extra` makes larger at its end.
    pub fn spread(
        output: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: usize,
        extra: usize,
    ) -> Result<Self, String> {
        let reach = Self::reach(kernel, stride, dilation)?;
        let last = output.checked_sub(1).ok_or("an axis of the input is empty")?;
        let size = last.checked_mul(stride).and_then(|size| size.checked_add(reach)?.checked_add(extra));
        let size = size.filter(|&size| size <= LARGEST).ok_or("the result is too large")?;
        let image = padding.checked_mul(2).and_then(|padding| size.checked_sub(padding)).filter(|&image| image > 0);
        let Some(image) = image else {
            return Err(format!("nothing is left of {size} positions without a padding of {padding} at each end"));
        };
        Ok(Axis { image, kernel, output, stride, dilation, padding })
    }

    /// The number of positions from the first of a kernel to its last.
    fn reach(kernel: usize, stride: usize, dilation: usize) -> Result<usize, String> {
        for (name, value) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
            if value == 0 {
                return Err(format!("the {name} must be at least 1 along every axis, got 0"));
            }
        }
        let reach = (kernel - 1).checked_mul(dilation).filter(|&reach| reach < LARGEST);
        Ok(reach.ok_or("the kernel, with its dilation, is too large")? + 1)
    }

    /// The distance between the image positions of neighboring results; it has no meaning if there are none.
    pub(super) fn step(&self) -> usize {
        if self.output > 1 { self.stride } else { 1 }
    }

    /// The image position of result 0 at a kernel position; it may lie outside the image.
    pub(super) fn base(&self, kernel: usize) -> isize {
        (kernel * self.dilation) as isize - self.padding as isize
    }

    /// The results at which a kernel position meets the image, and the image position of the first of them.
    pub(super) fn met(&self, kernel: usize) -> (Range<usize>, usize) {
        run(self.base(kernel), self.step(), self.output, self.image)
    }
}

/// Of the `count` positions `start`, `start + step`, ... those in `0..size`: their numbers, and the first of them.
pub(super) fn run(start: isize, step: usize, count: usize, size: usize) -> (Range<usize>, usize) {
    let from = if start < 0 { start.unsigned_abs().div_ceil(step) } else { 0 };
    let to = (size as isize).checked_sub(start).map_or(0, |left| left.max(0) as usize).div_ceil(step).min(count);
    if from >= to {
        return (0..0, 0);
    }
    (from..to, (start + (from * step) as isize) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every contact of small axes, counted one by one.
    #[test]
    fn what_meets() {
        let mut cases = 0;
        for (image, kernel, stride) in (0..6).flat_map(|i| (1..4).flat_map(move |k| (1..4).map(move |s| (i, k, s)))) {
            for (dilation, before, after) in [(1, 0, 0), (2, 1, 0), (1, 2, 3), (3, 4, 1)] {
                let Ok(axis) = Axis::sliding(image, kernel, stride, dilation, [before, after]) else {
                    assert!((kernel - 1) * dilation >= image + before + after);
                    continue;
                };
                cases += 1;
                assert_eq!(axis.output, (image + before + after - dilation * (kernel - 1) - 1) / stride + 1);
                for k in 0..kernel {
                    let at = |o: usize| (o * stride + k * dilation).checked_sub(before).filter(|&at| at < image);
                    let met: Vec<usize> = (0..axis.output).filter(|&o| at(o).is_some()).collect();
                    let (range, first) = axis.met(k);
                    assert_eq!(range.clone().collect::<Vec<_>>(), met);
                    assert_eq!(met.first().map(|&o| at(o).unwrap()), (!range.is_empty()).then_some(first));
                }
            }
        }
        assert!(cases > 150, "{cases}");
    }

    #[test]
    fn spread_is_the_inverse_of_sliding() {
        for (output, kernel, stride, dilation, padding) in [(1, 1, 1, 1, 0), (5, 3, 2, 1, 1), (4, 2, 3, 4, 2)] {
            for extra in 0..stride {
                let spread = Axis::spread(output, kernel, stride, dilation, padding, extra).unwrap();
                let sliding = Axis::sliding(spread.image, kernel, stride, dilation, [padding; 2]).unwrap();
                assert_eq!(spread, sliding);
            }
        }
    }

    #[test]
    fn sizes_that_overflow() {
        let most = usize::MAX;
        for (image, kernel, dilation, padding) in [
            (5, most, 1, [0; 2]),
            (5, 3, most, [0; 2]),
            (5, most, most, [0; 2]),
            (5, 3, 1, [most, 0]),
            (5, 3, 1, [1 << 62; 2]),
        ] {
            assert!(Axis::sliding(image, kernel, 1, dilation, padding).is_err());
        }
        assert_eq!(Axis::sliding(5, 3, most, 1, [0; 2]).unwrap().met(2), (0..1, 2));
        for (output, kernel, stride, dilation, padding, extra) in [
            (most, 1, most, 1, 0, 0),
            (2, most, 1, most, 0, 0),
            (2, 1, most, 1, 0, 0),
            (2, 1, 1, 1, most, 0),
            (2, 1, 1, 1, 0, most),
            (0, 1, 1, 1, 0, 0),
        ] {
            assert!(Axis::spread(output, kernel, stride, dilation, padding, extra).is_err());
        }
    }
}
