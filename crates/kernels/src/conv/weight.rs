//! The gradient of the weight of a convolution.

use ndarray::IxDyn;

use super::planes::{Classes, Planes};
use super::tiles::contract;
use super::{Conv, zeros};
use crate::short_copy::copy as copy_short;
use crate::simd::vectorised;
use crate::{Elements, Float};

/// As many images are processed together as make inner products of about this length: the sum of a vector's elements, at
/// the end, costs as much as a few of its products.
const TOGETHER: usize = 1 << 10;

impl Conv {
    /// The gradient of the weight: for every kernel position and pair of channels, the sum of `image·output` over
    /// everything that meets; `shape` is that of the weight.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn weight<F: Float>(&self, image: &Elements<F>, output: &Elements<F>, shape: &[usize]) -> Elements<F> {
        if image.is_empty() || output.is_empty() || shape.contains(&0) {
            return Elements::full(IxDyn(shape), F::zero());
        }
        let (image, output) = (image.row_major(), output.row_major());
        let (image, output) = (image.as_slice().expect("row-major"), output.as_slice().expect("row-major"));
        let sums = self.accumulated(image, output, false);
        self.without_zeros(image, output, Elements::new(IxDyn(shape), sums))
    }

    /// [`weight`](Self::weight), and the gradient of the bias, the sum of every channel of `output`: that of a weight whose
    /// image is 1 everywhere. Together they read `output` once.
    ///
    /// # Panics
    /// If there are no elements, or the allocation fails.
    #[track_caller]
    pub fn weight_and_bias<F: Float>(
        &self,
        image: &Elements<F>,
        output: &Elements<F>,
        shape: &[usize],
    ) -> [Elements<F>; 2] {
        let (image, output) = (image.row_major(), output.row_major());
        let (image, output) = (image.as_slice().expect("row-major"), output.as_slice().expect("row-major"));
        let sums = self.accumulated(image, output, true);
        let columns = sums.len() / shape[0];
        let weight = Elements::appended(shape, |weight| {
            sums.chunks_exact(columns).for_each(|sums| weight.extend_from_slice(&sums[..columns - 1]));
        });
        let bias = sums.iter().skip(columns - 1).step_by(columns).copied().collect();
        [self.without_zeros(image, output, weight), Elements::new(IxDyn(&shape[..1]), bias)]
    }

    /// If a sum is NaN, perhaps because something infinite met a zero of the layout, one that is not in the sum: computes all
    /// of them anew.
    #[track_caller]
    fn without_zeros<F: Float>(&self, image: &[F], output: &[F], mut weight: Elements<F>) -> Elements<F> {
        if weight.as_slice().expect("row-major").iter().any(|sum| sum.is_nan()) {
            self.weight_by_definition(image, output, weight.slice_mut());
        }
        weight
    }

    /// For every channel of the outputs: the gradient of its weight and, if asked for, of its bias.
    #[track_caller]
    fn accumulated<F: Float>(&self, image: &[F], output: &[F], with_bias: bool) -> Vec<F> {
        let axes = self.axes.map(|axis| {
            let bases: Vec<isize> = (0..axis.kernel).map(|k| axis.base(k)).collect();
            Classes::new(&bases, axis.step(), axis.output, axis.image)
        });
        let planes = Planes::new(axes, self.inputs, self.images, TOGETHER);
        let mut offsets = planes.offsets();
        let count = planes.positions().next_multiple_of(16);
        // At the end an image of ones.
        let ones = if with_bias { count } else { 0 };
        let mut copy = Elements::full(IxDyn(&[planes.len() + ones]), F::zero());
        if with_bias {
            offsets.push(planes.len());
            copy.slice_mut()[planes.len()..].fill(F::one());
        }
        let mut sums = zeros(&[self.groups, self.outputs, offsets.len()]);
        let mut spread = Elements::full(IxDyn(&[self.outputs, count]), F::zero());
        let size = self.axes.map(|axis| axis.image);
        let plane = size[0] * size[1];
        let [down, across] = self.axes.map(|axis| axis.output);
        for first in (0..self.images).step_by(planes.images) {
            let images = planes.images.min(self.images - first);
            if images < planes.images {
                // Nothing may be left of the images before.
                spread.slice_mut().fill(F::zero());
            }
            for (group, sums) in sums.chunks_exact_mut(self.outputs * offsets.len()).enumerate() {
                let from = &image[(first * self.groups + group) * self.inputs * plane..];
                let to = copy.slice_mut();
                vectorised(
                    #[inline(always)]
                    || planes.fill(images, (from, self.groups * self.inputs * plane), size, to),
                );
                let spread = spread.slice_mut();
                let from = &output[(first * self.groups + group) * self.outputs * down * across..];
                vectorised(
                    #[inline(always)]
                    || {
                        for (number, row) in (0..images).flat_map(|i| (0..self.outputs).map(move |row| (i, row))) {
                            let channel = number * self.groups * self.outputs + row;
                            let from = &from[channel * down * across..][..down * across];
                            let to = &mut spread[row * count + planes.position(number, 0, 0)..];
                            for (line, from) in from.chunks_exact(across).enumerate() {
                                copy_short(from, &mut to[planes.position(0, line, 0)..][..across]);
                            }
                        }
                    },
                );
                let copy = copy.as_slice().expect("row-major");
                match F::convolution_rows() {
                    Some(_) => F::contract(spread, count, copy, &offsets, sums),
                    None => contract(spread, count, copy, &offsets, sums),
                }
            }
        }
        sums
    }
}
