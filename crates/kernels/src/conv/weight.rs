//! The gradient of the weight of a convolution.

use ndarray::IxDyn;

use super::Conv;
use super::planes::{Classes, Planes};
use super::tiles::contract;
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
        let mut result = Elements::full(IxDyn(shape), F::zero());
        if image.is_empty() || output.is_empty() || result.is_empty() {
            return result;
        }
        let (image, output) = (image.row_major(), output.row_major());
        let (image, output) = (image.as_slice().expect("row-major"), output.as_slice().expect("row-major"));
        let weight = result.slice_mut();
        self.accumulate(image, output, weight);
        if weight.iter().any(|sum| sum.is_nan()) {
            // Perhaps because something infinite met a zero of the layout, one that is not in the sum.
            self.weight_by_definition(image, output, weight);
        }
        result
    }

    #[track_caller]
    fn accumulate<F: Float>(&self, image: &[F], output: &[F], weight: &mut [F]) {
        let axes = self.axes.map(|axis| {
            let bases: Vec<isize> = (0..axis.kernel).map(|k| axis.base(k)).collect();
            Classes::new(&bases, axis.step(), axis.output, axis.image)
        });
        let planes = Planes::new(axes, self.inputs, self.images, TOGETHER);
        let offsets = planes.offsets();
        let count = planes.positions().next_multiple_of(16);
        let mut copy = Elements::full(IxDyn(&[planes.len()]), F::zero());
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
            for (group, weight) in weight.chunks_exact_mut(self.outputs * offsets.len()).enumerate() {
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
                    Some(_) => F::contract(spread, count, copy, &offsets, weight),
                    None => contract(spread, count, copy, &offsets, weight),
                }
            }
        }
    }
}
