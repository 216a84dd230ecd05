//! A copy of some images in which every kernel position reads consecutive elements.
//!
//! The element that result `i` reads at a kernel position is `base + step·i`, where `base` depends on that position.
//! Positions whose bases are equal modulo the step read the same elements, shifted: they are a *class*, and each class has
//! a plane of its own in the copy, with zeros for the padding. For a step of 1 there is a single class, the padded image; a
//! step of 2 along both axes splits it into four planes. If the positions lie so far apart that most of a plane would be
//! skipped, each is a class of its own, and the copy is the unfolded image.

use super::axis::run;
use crate::short_copy::copy as copy_short;
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
    /// The classes of the kernel positions with these bases, in a source of `size` elements.
    pub(super) fn new(bases: &[isize], step: usize, count: usize, size: usize) -> Self {
        let signed = step as isize;
        let quotients = || bases.iter().map(|base| base.div_euclid(signed));
        let low = quotients().min().unwrap_or(0);
        let extent = (quotients().max().unwrap_or(0) - low) as usize + count;
        if extent > 2 * count && bases.len().saturating_mul(count) <= extent.saturating_mul(4) {
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

    /// With more images, up to twice as many but at most `most`, if their positions fill strips of this length better.
    pub(super) fn filling(self, strip: usize, most: usize) -> Self {
        if self.positions() == 0 {
            return self;
        }
        let per_image = |images: usize| {
            let positions = (images - 1) * self.plane() + self.positions() - (self.images - 1) * self.plane();
            positions.next_multiple_of(strip) as f64 / images as f64
        };
        let counts = self.images..=most.min(2 * self.images);
        let images = counts.min_by(|&a, &b| per_image(a).total_cmp(&per_image(b))).unwrap_or(self.images);
        Planes { images, ..self }
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

    /// Where result `[row, column]` of an image is among the positions of all images.
    pub(super) fn position(&self, image: usize, row: usize, column: usize) -> usize {
        image * self.plane() + row * self.axes[1].pitch + column
    }

    /// The number of positions, from the first result of the first image to the last of the last.
    pub(super) fn positions(&self) -> usize {
        let [rows, columns] = [&self.axes[0], &self.axes[1]].map(|axis| axis.count);
        if rows * columns * self.images == 0 { 0 } else { self.position(self.images - 1, rows - 1, columns - 1) + 1 }
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
    /// than the layout has. What is padding is left as it is in `copy`: zero.
    #[inline(always)]
    pub(super) fn fill<F: Float>(
        &self,
        images: usize,
        (source, stride): (&[F], usize),
        [height, width]: [usize; 2],
        copy: &mut [F],
    ) {
        let [rows, columns] = &self.axes;
        let plane = self.plane();
        for (down, &top) in rows.starts.iter().enumerate() {
            let (lines, first) = run(top, rows.step, rows.extent, height);
            for (across, &left) in columns.starts.iter().enumerate() {
                let (places, left) = run(left, columns.step, columns.extent, width);
                for channel in 0..self.channels {
                    for image in 0..images {
                        let from = &source[image * stride + channel * height * width..][..height * width];
                        let to = &mut copy[self.start(channel, down, across) + image * plane..][..plane];
                        for (number, line) in lines.clone().enumerate() {
                            let from = &from[(first + number * rows.step) * width..][..width];
                            let to = &mut to[line * columns.pitch..][places.clone()];
                            match columns.step {
                                1 => copy_short(&from[left..][..places.len()], to),
                                step => {
                                    to.iter_mut().zip(from[left..].iter().step_by(step)).for_each(|(to, &x)| *to = x)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
