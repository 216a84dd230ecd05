//! Convolutions and their transposes.

use ndarray::IxDyn;

use super::combine::{Rows, STRIP, combine, heights};
use super::places::Places;
use super::planes::{Classes, Planes, short_lines};
use super::{Axis, zeros};
use crate::simd::vectorised;
use crate::{Elements, Float};

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
        let (source, weight) = (source.row_major(), weight.row_major());
        let mapping = self.mapping(transposed);
        mapping.of(self, source.as_slice().expect("row-major"), weight.as_slice().expect("row-major"), bias, shape)
    }

    #[track_caller]
    fn mapping(&self, transposed: bool) -> Mapping {
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
            mapping.add_phase(self, transposed, at);
        }
        mapping
    }
}

/// The number of positions up to which images are processed together: a few of them would not fill the vectors.
const TOGETHER: usize = 256;

impl Mapping {
    #[track_caller]
    fn add_phase(&mut self, conv: &Conv, transposed: bool, at: [usize; 2]) {
        let mut kernels: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        let mut axis = |number: usize| {
            let (axis, at) = (&conv.axes[number], at[number]);
            if !transposed {
                kernels[number] = (0..axis.kernel).collect();
                let bases: Vec<isize> = kernels[number].iter().map(|&k| axis.base(k)).collect();
                let apart = number == 1 && short_lines(axis.kernel, axis.output, self.channels[1]);
                return Classes::new(&bases, axis.step(), axis.output, axis.image, apart);
            }
            // Image position `at + i·step` meets result `i + base` at the kernel positions for which that is an integer.
            let step = axis.step() as isize;
            let distance = |k: usize| at as isize - axis.base(k);
            kernels[number] = (0..axis.kernel).filter(|&k| distance(k) % step == 0).collect();
            let bases: Vec<isize> = kernels[number].iter().map(|&k| distance(k) / step).collect();
            let count = (axis.image - at).div_ceil(axis.step());
            // The lines of several phases are placed one by one anyway.
            let apart = number == 1 && step == 1 && short_lines(bases.len(), count, self.channels[1]);
            Classes::new(&bases, 1, count, axis.output, apart)
        };
        let axes = [axis(0), axis(1)];
        let step = if transposed { conv.axes.map(|axis| axis.step()) } else { [1, 1] };
        let planes = Planes::new(axes, self.channels[0], conv.images, TOGETHER);
        let copy = self.copies.iter().position(|copy| *copy == planes).unwrap_or_else(|| {
            self.copies.push(planes);
            self.copies.len() - 1
        });
        let [rows, columns] = kernels;
        let width = conv.axes[1].kernel;
        let kernel = rows.iter().flat_map(|row| columns.iter().map(move |column| row * width + column)).collect();
        self.phases.push(Phase { at, step, copy, kernel });
    }

    /// For a group and a phase, the weights of each result in the order of the copy's offsets, and its bias.
    fn weights<F: Float>(&self, weight: &[F], bias: &[F], group: usize, phase: &Phase) -> Vec<F> {
        let [of_group, of_source, of_result] = self.strides;
        let [channels, results] = self.channels;
        let mut weights = Vec::with_capacity(results * (channels * phase.kernel.len() + 1));
        for (row, &bias) in bias[group * results..][..results].iter().enumerate() {
            for source in 0..channels {
                let from = &weight[group * of_group + source * of_source + row * of_result..];
                weights.extend(phase.kernel.iter().map(|&kernel| from[kernel]));
            }
            weights.push(bias);
        }
        weights
    }

    #[track_caller]
    fn of<F: Float>(&self, conv: &Conv, source: &[F], weight: &[F], bias: &[F], shape: &[usize]) -> Elements<F> {
        let [channels, results] = self.channels;
        let [size, result_size] = self.sizes;
        let plane = result_size[0] * result_size[1];
        let mut result = Elements::unset(IxDyn(shape));
        let all = result.slice_mut();
        // If there is a step, or nothing that meets.
        let apart = self.phases.first().is_none_or(|phase| phase.step != [1, 1]);
        if apart {
            let planes = all.chunks_exact_mut(plane).zip(bias.iter().cycle());
            planes.for_each(|(plane, &bias)| plane.fill(bias));
        }
        let heights = heights(results);
        let offsets: Vec<Vec<usize>> = self.copies.iter().map(Planes::offsets).collect();
        let mut copies: Vec<Vec<F>> = Vec::new();
        for planes in &self.copies {
            copies.push(zeros(&[planes.len()]));
        }
        let mut strip: Vec<F> = zeros(&[results, STRIP]);
        let together = self.copies.iter().map(|planes| planes.images).min().unwrap_or(conv.images);
        let image = channels * size[0] * size[1];
        for group in 0..conv.groups {
            let mut weights: Vec<Vec<F>> = Vec::new();
            for phase in &self.phases {
                weights.push(self.weights(weight, bias, group, phase));
            }
            for first in (0..conv.images).step_by(together) {
                let images = together.min(conv.images - first);
                let from = (&source[(first * conv.groups + group) * image..], conv.groups * image);
                for (planes, copy) in self.copies.iter().zip(&mut copies) {
                    vectorised(
                        #[inline(always)]
                        || planes.fill(images, from, size, copy),
                    );
                }
                for (phase, weights) in self.phases.iter().zip(&weights) {
                    let planes = &self.copies[phase.copy];
                    let [down, across] = phase.step;
                    let at = phase.at[0] * result_size[1] + phase.at[1];
                    let to = &mut all[(first * conv.groups + group) * results * plane + at..];
                    let strides = [conv.groups * results * plane, plane, down * result_size[1], across];
                    let runs = if apart { planes.lines() } else { planes.runs() };
                    let places = Places::new(to, strides, planes.pitches(), images, runs);
                    let rows = Rows { heights: &heights, weights };
                    let offsets = &offsets[phase.copy];
                    combine(&copies[phase.copy], offsets, &rows, planes.positions(images), &mut strip, places);
                }
            }
        }
        result
    }
}
