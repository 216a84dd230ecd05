//! Convolutions and their transposes.

use ndarray::IxDyn;

use super::planes::{Classes, Planes};
use super::strips::{self, Pieces, Strips};
use super::tiles::{Rows, combine, heights};
use super::{Axis, zeros};
use crate::simd::vectorised;
use crate::{Elements, Float, ask};

/// The sizes of a convolution. Channels are divided into groups, of which each has a convolution of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// The number of images.
    pub images: usize,
    /// The number of groups.
    pub groups: usize,
    /// The number of channels of an image in a group.
    pub inputs: usize,
    /// The number of channels of an output in a group.
    pub outputs: usize,
    /// Height and width; with one axis, the height of everything is 1.
    pub axes: [Axis; 2],
}

/// From images to outputs, or back.
struct Mapping {
    /// The sizes of a plane of the source and of the result.
    sizes: [[usize; 2]; 2],
    /// The numbers of their channels in a group.
    channels: [usize; 2],
    /// The strides of the weight, for the group and for the channels of the source and of the result.
    strides: [usize; 3],
    /// The copies of the source that the phases read.
    copies: Vec<Planes>,
    phases: Vec<Phase>,
}

/// The results of every `step`-th row and column. The transpose of a convolution with a stride has several phases, each with
/// the kernel positions that meet it; what none meets is the bias.
struct Phase {
    at: [usize; 2],
    step: [usize; 2],
    /// The number of the copy of the source.
    copy: usize,
    /// The kernel positions, in the order of the copy's.
    kernel: Vec<usize>,
}

impl Conv {
    /// The convolution, plus the bias, if any, of every channel; `shape` is that of the result.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn output<F: Float>(
        &self,
        image: &Elements<F>,
        weight: &Elements<F>,
        bias: Option<&Elements<F>>,
        shape: &[usize],
    ) -> Elements<F> {
        self.mapped(false, image, weight, bias, shape)
    }

    /// The transpose of the convolution, plus the bias, if any, of every channel; `shape` is that of the result.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn image<F: Float>(
        &self,
        output: &Elements<F>,
        weight: &Elements<F>,
        bias: Option<&Elements<F>>,
        shape: &[usize],
    ) -> Elements<F> {
        self.mapped(true, output, weight, bias, shape)
    }

    #[track_caller]
    fn mapped<F: Float>(
        &self,
        transposed: bool,
        source: &Elements<F>,
        weight: &Elements<F>,
        bias: Option<&Elements<F>>,
        shape: &[usize],
    ) -> Elements<F> {
        if shape.contains(&0) {
            return Elements::full(IxDyn(shape), F::zero());
        }
        let results = self.groups * if transposed { self.inputs } else { self.outputs };
        let bias = bias.map_or_else(|| Elements::full(IxDyn(&[results]), F::zero()), Elements::row_major);
        let bias = bias.as_slice().expect("row-major");
        if source.is_empty() || weight.is_empty() {
            let [height, width] = self.axes.map(|axis| if transposed { axis.image } else { axis.output });
            return Elements::appended(shape, |all| {
                for value in (0..self.images).flat_map(|_| bias) {
                    all.resize(all.len() + height * width, *value);
                }
            });
        }
        // Before the copies, which may be as large.
        ask::<F>(shape);
        let (source, weight) = (source.row_major(), weight.row_major());
        let together = if F::convolution_rows().is_some() { 4 * TOGETHER } else { TOGETHER };
        let mapping = self.mapping(transposed, together);
        mapping.of(self, source.as_slice().expect("row-major"), weight.as_slice().expect("row-major"), bias, shape)
    }

    #[track_caller]
    fn mapping(&self, transposed: bool, together: usize) -> Mapping {
        let [rows, columns] = self.axes;
        let kernel = rows.kernel * columns.kernel;
        let (images, outputs) = (self.axes.map(|axis| axis.image), self.axes.map(|axis| axis.output));
        let group = self.outputs * self.inputs * kernel;
        let mut mapping = if transposed {
            let strides = [group, self.inputs * kernel, kernel];
            let channels = [self.outputs, self.inputs];
            Mapping { sizes: [outputs, images], channels, strides, copies: Vec::new(), phases: Vec::new() }
        } else {
            let strides = [group, kernel, self.inputs * kernel];
            let channels = [self.inputs, self.outputs];
            Mapping { sizes: [images, outputs], channels, strides, copies: Vec::new(), phases: Vec::new() }
        };
        // Only the phases that some kernel position meets: a stride may be far longer than the kernel.
        let [down, across] = self.axes.map(|axis| {
            let step = if transposed { axis.step() } else { 1 };
            let mut phases: Vec<usize> =
                (0..axis.kernel).map(|k| axis.base(k).rem_euclid(step as isize) as usize).collect();
            phases.sort_unstable();
            phases.dedup();
            phases.retain(|&phase| !transposed || phase < axis.image);
            phases
        });
        for at in down.iter().flat_map(|&row| across.iter().map(move |&column| [row, column])) {
            mapping.add_phase(self, transposed, at, together);
        }
        mapping
    }
}

/// The number of positions up to which images are processed together: a few of them would not fill the vectors.
const TOGETHER: usize = 256;
/// The positions that are computed together by a kernel that writes results in place, three vectors of 16.
const STRIP: usize = 48;

/// The weights of each row, one after the other, for each tile of rows instead.
fn in_tiles<F: Float>(weights: &[F], rows: usize, most: usize) -> Vec<F> {
    let offsets = weights.len() / rows;
    let mut tiled = Vec::with_capacity(weights.len());
    let mut row = 0;
    for height in strips::heights(rows, most) {
        for offset in 0..offsets {
            tiled.extend((row..row + height).map(|row| weights[row * offsets + offset]));
        }
        row += height;
    }
    tiled
}

impl Mapping {
    #[track_caller]
    fn add_phase(&mut self, conv: &Conv, transposed: bool, at: [usize; 2], together: usize) {
        let mut kernels: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        let mut axis = |number: usize| {
            let (axis, at) = (&conv.axes[number], at[number]);
            if !transposed {
                kernels[number] = (0..axis.kernel).collect();
                let bases: Vec<isize> = kernels[number].iter().map(|&k| axis.base(k)).collect();
                return Classes::new(&bases, axis.step(), axis.output, axis.image);
            }
            // Image position `at + i·step` meets result `i + base` at the kernel positions for which that is an integer.
            let step = axis.step() as isize;
            let distance = |k: usize| at as isize - axis.base(k);
            kernels[number] = (0..axis.kernel).filter(|&k| distance(k) % step == 0).collect();
            let bases: Vec<isize> = kernels[number].iter().map(|&k| distance(k) / step).collect();
            Classes::new(&bases, 1, (axis.image - at).div_ceil(axis.step()), axis.output)
        };
        let axes = [axis(0), axis(1)];
        let step = if transposed { conv.axes.map(|axis| axis.step()) } else { [1, 1] };
        let alone = conv.groups > 1 || step != [1, 1];
        let images = if alone { 1 } else { conv.images };
        let mut planes = Planes::new(axes, self.channels[0], images, together);
        if together > TOGETHER {
            planes = planes.filling(STRIP, images);
        }
        let copy = self.copies.iter().position(|copy| *copy == planes).unwrap_or_else(|| {
            self.copies.push(planes);
            self.copies.len() - 1
        });
        let [rows, columns] = kernels;
        let width = conv.axes[1].kernel;
        let kernel = rows.iter().flat_map(|row| columns.iter().map(move |column| row * width + column)).collect();
        self.phases.push(Phase { at, step, copy, kernel });
    }

    /// For a group and a phase, the weights of each result in the order of the copy's offsets.
    fn weights<F: Float>(&self, weight: &[F], group: usize, phase: &Phase) -> Vec<F> {
        let [of_group, of_source, of_result] = self.strides;
        let mut weights = Vec::with_capacity(self.channels[0] * self.channels[1] * phase.kernel.len());
        for row in 0..self.channels[1] {
            for source in 0..self.channels[0] {
                let from = &weight[group * of_group + source * of_source + row * of_result..];
                weights.extend(phase.kernel.iter().map(|&kernel| from[kernel]));
            }
        }
        weights
    }

    /// Every result is written once, where it belongs.
    #[track_caller]
    fn in_place<F: Float>(
        &self,
        conv: &Conv,
        phase: &Phase,
        most: usize,
        [source, weight, bias]: [&[F]; 3],
        shape: &[usize],
    ) -> Elements<F> {
        let [channels, results] = self.channels;
        let [size, result_size] = self.sizes;
        let (planes, plane) = (&self.copies[0], result_size[0] * result_size[1]);
        let image = channels * size[0] * size[1];
        let weights: Vec<Vec<F>> =
            (0..conv.groups).map(|group| in_tiles(&self.weights(weight, group, phase), results, most)).collect();
        let offsets = planes.offsets();
        let mut copy = Elements::full(IxDyn(&[planes.len()]), F::zero());
        let mut pieces = Pieces::new(planes, planes.images, results * plane);
        let mut all = Elements::unset(IxDyn(shape));
        for first in (0..conv.images).step_by(planes.images) {
            let images = planes.images.min(conv.images - first);
            if images < planes.images {
                pieces = Pieces::new(planes, images, results * plane);
            }
            for (group, weights) in weights.iter().enumerate() {
                let number = first * conv.groups + group;
                let from = (&source[number * image..], conv.groups * image);
                let to = copy.slice_mut();
                vectorised(
                    #[inline(always)]
                    || planes.fill(images, from, size, to),
                );
                let source = copy.as_slice().expect("row-major");
                let start = &bias[group * results..][..results];
                let strips = Strips { source, offsets: &offsets, weights, start, pieces: &pieces, plane };
                F::combine(&strips, &mut all.slice_mut()[number * results * plane..]);
            }
        }
        all
    }

    #[track_caller]
    fn of<F: Float>(&self, conv: &Conv, source: &[F], weight: &[F], bias: &[F], shape: &[usize]) -> Elements<F> {
        if let ([phase], Some(most)) = (&self.phases[..], F::convolution_rows())
            && phase.step == [1, 1]
        {
            return self.in_place(conv, phase, most, [source, weight, bias], shape);
        }
        let [channels, results] = self.channels;
        let [size, result_size] = self.sizes;
        let heights = heights(results);
        let groups: Vec<Vec<Vec<F>>> = (0..conv.groups)
            .map(|group| self.phases.iter().map(|phase| self.weights(weight, group, phase)).collect())
            .collect();
        let offsets: Vec<Vec<usize>> = self.copies.iter().map(Planes::offsets).collect();
        let mut copies: Vec<Vec<F>> = Vec::new();
        for planes in &self.copies {
            copies.push(zeros(&[planes.len()]));
        }
        let pitches: Vec<usize> = self.copies.iter().map(|planes| planes.positions().next_multiple_of(32)).collect();
        let mut grid: Vec<F> = zeros(&[results, pitches.iter().copied().max().unwrap_or(0)]);
        let together = self.copies.first().map_or(1, |planes| planes.images);
        let plane = result_size[0] * result_size[1];
        // If there is a step, or nothing that meets.
        let apart = self.phases.first().is_none_or(|phase| phase.step != [1, 1]);
        let mut picture: Vec<F> = zeros(&[if apart { results * plane } else { 0 }]);
        let image_size = channels * size[0] * size[1];
        Elements::appended(shape, |all| {
            for first in (0..conv.images).step_by(together) {
                let images = together.min(conv.images - first);
                for (group, weights) in groups.iter().enumerate() {
                    let from = &source[(first * conv.groups + group) * image_size..];
                    for (planes, copy) in self.copies.iter().zip(&mut copies) {
                        planes.fill(images, (from, conv.groups * image_size), size, copy);
                    }
                    for (row, plane) in picture.chunks_exact_mut(plane).enumerate() {
                        plane.fill(bias[group * results + row]);
                    }
                    for (phase, weights) in self.phases.iter().zip(weights) {
                        let (planes, pitch) = (&self.copies[phase.copy], pitches[phase.copy]);
                        let start = &bias[group * results..][..results];
                        let rows = Rows { heights: &heights, weights, start };
                        let offsets = &offsets[phase.copy];
                        combine(&copies[phase.copy], offsets, &rows, &mut grid, [planes.positions(), pitch]);
                        let [down, across] = [planes.axes[0].count, planes.axes[1].count];
                        if !apart {
                            for (image, row) in (0..images).flat_map(|i| (0..results).map(move |row| (i, row))) {
                                for line in 0..down {
                                    let at = row * pitch + planes.position(image, line, 0);
                                    all.extend_from_slice(&grid[at..][..across]);
                                }
                            }
                            continue;
                        }
                        // One image: interleave the results of the phases.
                        for (row, line) in (0..results).flat_map(|row| (0..down).map(move |line| (row, line))) {
                            let from = &grid[row * pitch + planes.position(0, line, 0)..][..across];
                            let top = (phase.at[0] + line * phase.step[0]) * result_size[1];
                            let to = &mut picture[row * plane + top..][..result_size[1]];
                            let places = to.iter_mut().skip(phase.at[1]).step_by(phase.step[1]);
                            places.zip(from).for_each(|(to, &x)| *to = x);
                        }
                    }
                    all.extend_from_slice(&picture);
                }
            }
        })
    }
}
