//! A copy of some images in which every kernel position reads consecutive elements.
//!
//! The element that result `i` reads at a kernel position is `base + step·i`, where `base` depends on that position.
//! Positions whose bases are equal modulo the step read the same elements, shifted: they are a *class*, and each class has
//! a plane of its own in the copy, with zeros for the padding. For a step of 1 there is a single class, the padded image; a
//! step of 2 along both axes splits it into four planes. If the positions lie so far apart that most of a plane would be
//! skipped, each is a class of its own, and the copy is the unfolded image. So it is along short lines (`short_lines`).

use std::ops::Range;

use super::axis::run;
use crate::short_copy::copy;
use crate::{Float, checked_size, operation};

/// One axis.
#[derive(Debug, PartialEq)]
pub(super) struct Classes {
    /// The source index of the first element of every class.
    starts: Vec<isize>,
    step: usize,
    /// The number of elements of every class.
    extent: usize,
    /// The distance to what follows: the zeros at the end are also those at the start of that.
    pitch: usize,
    /// The number of results.
    pub(super) count: usize,
    /// For every kernel position: its class, and the index in that of what result 0 reads.
    taps: Vec<(usize, usize)>,
}

impl Classes {
    /// The classes of the kernel positions with these bases, in a source of `size` elements; each has its own if they are
    /// kept `apart`.
    pub(super) fn new(bases: &[isize], step: usize, count: usize, size: usize, apart: bool) -> Self {
        let signed = step as isize;
        let quotients = || bases.iter().map(|base| base.div_euclid(signed));
        let low = quotients().min().unwrap_or(0);
        let extent = (quotients().max().unwrap_or(0) - low) as usize + count;
        if apart || extent > 2 * count && bases.len().saturating_mul(count) <= extent.saturating_mul(4) {
            let taps = (0..bases.len()).map(|class| (class, 0)).collect();
            return Classes { starts: bases.to_vec(), step, extent: count, pitch: count, count, taps };
        }
        let (mut starts, mut taps) = (Vec::new(), Vec::new());
        for &base in bases {
            let start = base.rem_euclid(signed) + signed * low;
            let class = starts.iter().position(|&other| other == start).unwrap_or_else(|| {
                starts.push(start);
                starts.len() - 1
            });
            taps.push((class, (base.div_euclid(signed) - low) as usize));
        }
        let zeros = starts.iter().map(|&start| {
            let (elements, _) = run(start, step, extent, size);
            elements.start.min(extent - elements.end)
        });
        // Results do not overlap.
        let shared = zeros.min().unwrap_or(0).min(extent - count);
        Classes { starts, step, extent, pitch: extent - shared, count, taps }
    }
}

/// Whether lines with `count` results are copied once for each of the `kernel` positions along them. The results of
/// neighboring lines are then neighbors, while in a shared copy what lies between them is computed in vain, and they are
/// collected line by line. Each copy should be read for several results.
pub(super) fn short_lines(kernel: usize, count: usize, results: usize) -> bool {
    (2..=8).contains(&kernel) && count <= 64 && results >= 4
}

/// The layout of the copy: `[channels][classes][classes][images][pitch][pitch]`.
#[derive(Debug, PartialEq)]
pub(super) struct Planes {
    pub(super) axes: [Classes; 2],
    pub(super) channels: usize,
    pub(super) images: usize,
}

/// How many elements may be read after the last.
const SLACK: usize = 64;

impl Planes {
    /// For as many images as have about `positions` positions, but at most `images`.
    ///
    /// # Panics
    /// If the copy is too large for any memory.
    #[track_caller]
    pub(super) fn new(axes: [Classes; 2], channels: usize, images: usize, positions: usize) -> Self {
        let [(down, height), (across, width)] = [&axes[0], &axes[1]].map(|axis| (axis.starts.len(), axis.pitch));
        let plane = checked_size::<f64>(operation::name(), &[channels, down.max(1), across.max(1), height, width]);
        let images = positions.div_ceil(plane / (channels * down.max(1) * across.max(1))).min(images);
        Planes { axes, channels, images }
    }

    /// The number of elements in a plane, of one image.
    fn plane(&self) -> usize {
        self.axes[0].pitch * self.axes[1].pitch
    }

    /// The number of elements, including those that may be read after the last.
    pub(super) fn len(&self) -> usize {
        // If no kernel position is used, there are no planes.
        let [rows, columns] = &self.axes;
        let shared = (rows.extent - rows.pitch) * columns.pitch + columns.extent - columns.pitch;
        self.channels * rows.starts.len() * columns.starts.len() * self.images * self.plane() + shared + SLACK
    }

    /// The distances between the positions of neighboring images, and of neighboring rows of results.
    pub(super) fn pitches(&self) -> [usize; 2] {
        [self.plane(), self.axes[1].pitch]
    }

    /// The number of positions, from the first result of the first image to the last of the last.
    pub(super) fn positions(&self, images: usize) -> usize {
        let [rows, columns] = [&self.axes[0], &self.axes[1]].map(|axis| axis.count);
        match (images, rows, columns) {
            (0, ..) | (_, 0, _) | (.., 0) => 0,
            _ => (images - 1) * self.plane() + (rows - 1) * self.axes[1].pitch + columns,
        }
    }

    /// The results of an image are lines of consecutive positions: how many lines, and the number of results in each.
    pub(super) fn lines(&self) -> [usize; 2] {
        [&self.axes[0], &self.axes[1]].map(|axis| axis.count)
    }

    /// The same for runs as long as possible: all lines are one, if nothing is between them.
    pub(super) fn runs(&self) -> [usize; 2] {
        let [down, across] = self.lines();
        if self.axes[1].pitch == across { [1, down * across] } else { [down, across] }
    }

    /// For every channel and, within it, every kernel position: the index of what the first result reads.
    pub(super) fn offsets(&self) -> Vec<usize> {
        let [rows, columns] = &self.axes;
        let mut offsets = Vec::with_capacity(self.channels * rows.taps.len() * columns.taps.len());
        for channel in 0..self.channels {
            for &(down, row) in &rows.taps {
                for &(across, column) in &columns.taps {
                    offsets.push(self.start(channel, down, across) + row * columns.pitch + column);
                }
            }
        }
        offsets
    }

    fn start(&self, channel: usize, down: usize, across: usize) -> usize {
        let [rows, columns] = [&self.axes[0], &self.axes[1]].map(|axis| axis.starts.len());
        ((channel * rows + down) * columns + across) * self.images * self.plane()
    }

    /// Copies images, whose channels are planes `[height, width]`; the `stride` is from image to image. There may be fewer
    /// than the layout has. What is padding is left as it is in `copied`: zero.
    #[inline(always)]
    pub(super) fn fill<F: Float>(
        &self,
        images: usize,
        (source, stride): (&[F], usize),
        [height, width]: [usize; 2],
        copied: &mut [F],
    ) {
        let [rows, columns] = &self.axes;
        let plane = self.plane();
        let met = |axis: &Classes, size: usize| -> Vec<(Range<usize>, usize)> {
            axis.starts.iter().map(|&start| run(start, axis.step, axis.extent, size)).collect()
        };
        let (down, across) = (met(rows, height), met(columns, width));
        let together = rows.step == 1 && columns.step == 1 && columns.pitch == width;
        for (channel, image) in (0..self.channels).flat_map(|channel| (0..images).map(move |image| (channel, image))) {
            let from = &source[image * stride + channel * height * width..][..height * width];
            // All classes of a plane while it is in the cache.
            for (row, (lines, first)) in down.iter().enumerate() {
                for (column, (places, left)) in across.iter().enumerate() {
                    let to = &mut copied[self.start(channel, row, column) + image * plane..][..plane];
                    if together && !lines.is_empty() {
                        // All lines at once; then what is between them becomes padding again.
                        let between = width - places.len();
                        let (at, len) = (lines.start * width + places.start, lines.len() * width - between);
                        to[at..][..len].copy_from_slice(&from[first * width + left..][..len]);
                        let gaps = to[at + places.len()..at + len].chunks_exact_mut(width);
                        // Each is too short for a call, as `fill` would be.
                        gaps.for_each(|gap| (0..between).for_each(|i| gap[i] = F::zero()));
                        continue;
                    }
                    for (number, line) in lines.clone().enumerate() {
                        let from = &from[(first + number * rows.step) * width..][*left..];
                        let to = &mut to[line * columns.pitch..][places.clone()];
                        match columns.step {
                            1 => copy(&from[..places.len()], to),
                            step => to.iter_mut().zip(from.iter().step_by(step)).for_each(|(to, &x)| *to = x),
                        }
                    }
                }
            }
        }
    }
}
