//! The windows of a pooling along one axis: how many there are, and which positions each of them holds.

use crate::kernels::{Taps, shape};
use crate::{Attribute, Float};

/// How windows are laid out along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Windows {
    /// A kernel that moves by `stride`, over an axis with `padding` at both ends.
    Moving { kernel: usize, stride: usize, padding: usize, dilation: usize, ceil_mode: bool },
    /// This many windows, which cover the axis evenly.
    Adaptive(usize),
}

use Windows::{Adaptive, Moving};

impl Windows {
    /// The windows of an axis that is not pooled.
    pub(super) const SINGLE: Windows = Moving { kernel: 1, stride: 1, padding: 0, dilation: 1, ceil_mode: false };

    /// The number of windows along an axis of this size, or why there are none. Every window begins inside the axis or its
    /// front padding; with `ceil_mode` the last ones may reach past the end.
    pub(super) fn count(self, size: usize) -> Result<usize, String> {
        if size == 0 {
            return Err("it has no elements".into());
        }
        let (kernel, stride, padding, dilation, ceil_mode) = match self {
            Adaptive(count) => return Ok(count),
            Moving { kernel, stride, padding, dilation, ceil_mode } => (kernel, stride, padding, dilation, ceil_mode),
        };
        if kernel == 0 || stride == 0 || dilation == 0 {
            return Err(format!("kernel size {kernel}, stride {stride} and dilation {dilation} must be at least 1"));
        }
        // No product of two `usize` overflows a `u128`.
        let [size, stride, padding] = [size, stride, padding].map(|n| n as u128);
        let span = (kernel as u128 - 1) * dilation as u128 + 1;
        if 2 * padding > kernel as u128 {
            return Err(format!(
                "the padding must be at most half the kernel size, {kernel}, but is {padding}: pad more with `pad`"
            ));
        }
        let room = size + 2 * padding + if ceil_mode { stride - 1 } else { 0 };
        if room < span {
            return Err(format!("size {size} with padding {padding} is less than the kernel's span, {span}"));
        }
        let count = (room - span) / stride + 1;
        // The last window must not begin in the padding at the end.
        let beyond = ceil_mode && (count - 1) * stride >= size + padding;
        Ok((count - u128::from(beyond)) as usize)
    }

    /// The positions that a window holds; there may be none, if it only holds padding.
    pub(super) fn taps(self, window: usize, size: usize) -> Taps {
        match self {
            Moving { kernel, stride, padding, dilation, .. } => {
                let start = window * stride;
                // What lies in the padding is skipped.
                let (skipped, first) = match start.checked_sub(padding) {
                    Some(first) => (0, first),
                    None => {
                        let before = padding - start;
                        (before.div_ceil(dilation), (dilation - before % dilation) % dilation)
                    }
                };
                let inside = size.saturating_sub(first).div_ceil(dilation);
                Taps { first, step: dilation, count: kernel.saturating_sub(skipped).min(inside) }
            }
            Adaptive(count) => {
                let [window, size, count] = [window, size, count].map(|n| n as u128);
                let (first, end) = (window * size / count, ((window + 1) * size).div_ceil(count));
                Taps { first: first as usize, step: 1, count: (end - first) as usize }
            }
        }
    }

    /// Whether some window holds only padding. That can only be if its positions are further apart than the axis is long.
    pub(super) fn has_empty(self, size: usize) -> bool {
        match self {
            Moving { padding, dilation, .. } if padding > 0 && dilation > size => {
                // There are at most about as many windows as positions.
                (0..self.count(size).unwrap_or(0)).any(|window| self.taps(window, size).count == 0)
            }
            _ => false,
        }
    }

    /// The number of positions of a window, padding included. What lies beyond the padding at the end does not count.
    pub(super) fn padded_count(self, window: usize, size: usize) -> usize {
        match self {
            Moving { kernel, stride, padding, .. } => {
                kernel.min(padding.saturating_mul(2).saturating_add(size) - window * stride)
            }
            Adaptive(_) => self.taps(window, size).count,
        }
    }
}

/// The options that make these windows, under PyTorch's names.
pub(super) fn attributes(windows: &[Windows]) -> Vec<(&'static str, Attribute)> {
    let [mut kernels, mut strides, mut paddings, mut dilations, mut outputs] = [const { Vec::new() }; 5];
    let mut ceil = false;
    for windows in windows {
        match *windows {
            Adaptive(count) => outputs.push(count),
            Moving { kernel, stride, padding, dilation, ceil_mode } => {
                kernels.push(kernel);
                strides.push(stride);
                paddings.push(padding);
                dilations.push(dilation);
                ceil = ceil_mode;
            }
        }
    }
    if !outputs.is_empty() {
        return vec![("output_size", outputs.as_slice().into())];
    }
    vec![
        ("kernel_size", kernels.as_slice().into()),
        ("stride", strides.as_slice().into()),
        ("padding", paddings.as_slice().into()),
        ("dilation", dilations.as_slice().into()),
        ("ceil_mode", ceil.into()),
    ]
}

/// The shape that pooling makes of `shape`, whose last axes have these windows; or why it cannot.
pub(super) fn pooled<F: Float>(windows: &[Windows], shape: &[usize]) -> Result<Vec<usize>, String> {
    let Some(leading) = shape.len().checked_sub(windows.len()) else {
        let expected = if windows.len() == 1 { "[.., length]" } else { "[.., height, width]" };
        return Err(format!("expected an input {expected}"));
    };
    let mut pooled = shape.to_vec();
    for (axis, windows) in (leading..).zip(windows) {
        pooled[axis] = windows.count(shape[axis]).map_err(|reason| format!("axis {axis}: {reason}"))?;
    }
    shape::check::<F>(&pooled).map(|_| pooled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moving(kernel: usize, stride: usize, padding: usize, dilation: usize, ceil_mode: bool) -> Windows {
        Moving { kernel, stride, padding, dilation, ceil_mode }
    }

    /// Every window from the definition: position `window·stride + tap·dilation - padding` for each tap.
    #[test]
    fn taps_by_definition() {
        for size in 1..8 {
            for (kernel, stride, dilation, ceil_mode) in
                (1..5).flat_map(|k| (1..4).flat_map(move |s| [(k, s, 1, false), (k, s, 2, true), (k, s, 3, false)]))
            {
                for padding in 0..=kernel / 2 {
                    let windows = moving(kernel, stride, padding, dilation, ceil_mode);
                    for window in 0..windows.count(size).unwrap_or(0) {
                        let place = |tap: usize| (window * stride + tap * dilation) as isize - padding as isize;
                        let inside = |place: &isize| (0..size as isize).contains(place);
                        let expected: Vec<isize> = (0..kernel).map(place).filter(inside).collect();
                        let Taps { first, step, count } = windows.taps(window, size);
                        let taps: Vec<isize> = (0..count).map(|tap| (first + tap * step) as isize).collect();
                        assert_eq!(taps, expected, "window {window} of {windows:?} over {size}");
                    }
                }
            }
        }
    }

    /// `torch.nn.MaxPool1d` and `AvgPool1d` say the same.
    #[test]
    fn counts() {
        assert_eq!(moving(2, 2, 0, 1, false).count(5), Ok(2));
        assert_eq!(moving(2, 2, 0, 1, true).count(5), Ok(3));
        assert_eq!(moving(3, 2, 1, 1, false).count(4), Ok(2));
        assert_eq!(moving(3, 2, 1, 1, true).count(4), Ok(3));
        // The third window would begin in the padding at the end.
        assert_eq!(moving(2, 3, 1, 1, true).count(5), Ok(2));
        assert_eq!(moving(3, 1, 0, 2, false).count(7), Ok(3));
        // Larger than the axis, but it begins inside.
        assert_eq!(moving(3, 2, 0, 1, true).count(2), Ok(1));
        assert!(moving(3, 2, 0, 1, true).count(1).unwrap_err().contains("less than the kernel's span, 3"));
        assert!(moving(3, 1, 2, 1, false).count(9).unwrap_err().contains("at most half the kernel size, 3, but is 2"));
        assert!(moving(1, 0, 0, 1, false).count(9).unwrap_err().contains("stride 0"));
        assert!(moving(1, 1, 0, 1, false).count(0).unwrap_err().contains("no elements"));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let most = usize::MAX;
        assert_eq!(moving(most, 1, most / 2, 1, false).count(5), Ok(5));
        assert_eq!(moving(most, 1, most / 2, 1, false).taps(4, 5), Taps { first: 0, step: 1, count: 5 });
        assert!(moving(2, 1, 0, most, true).count(5).unwrap_err().contains("less than the kernel's span"));
        assert_eq!(moving(2, most, 0, most, true).count(5), Ok(1));
        assert_eq!(moving(2, most, 0, most, true).taps(0, 5), Taps { first: 0, step: most, count: 1 });
        assert_eq!(moving(1, most, 0, most, true).count(5), Ok(1));
        assert!(moving(most, most, most, most, true).count(most).is_err());
        assert_eq!(Adaptive(2).taps(1, most), Taps { first: most / 2, step: 1, count: most / 2 + 1 });
    }

    /// Ten positions in four windows of three: they overlap by one.
    #[test]
    fn adaptive() {
        let taps = |count: usize, size| (0..count).map(|i| Adaptive(count).taps(i, size)).collect::<Vec<_>>();
        let run = |first, count| Taps { first, step: 1, count };
        assert_eq!(taps(4, 10), [run(0, 3), run(2, 3), run(5, 3), run(7, 3)]);
        assert_eq!(taps(3, 2), [run(0, 1), run(0, 2), run(1, 1)]);
        assert_eq!(taps(1, 7), [run(0, 7)]);
    }
}
