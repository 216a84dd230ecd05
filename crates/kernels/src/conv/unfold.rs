//! The patches of an image under a sliding kernel as columns of a matrix (im2col), and their sum back into an image
//! (col2im).

use std::iter::repeat_n;

use super::{Axis, zeros};
use crate::{Elements, Float};

/// The patches of images whose planes `[H, W]` are `image`: for every plane and every kernel position, the elements that it
/// meets at all results, 0 where it meets padding. `shape` is that of the result.
#[track_caller]
pub fn unfold<F: Float>(image: &Elements<F>, [rows, columns]: [Axis; 2], shape: &[usize]) -> Elements<F> {
    if image.is_empty() {
        return Elements::full(ndarray::IxDyn(shape), F::zero());
    }
    let image = image.row_major();
    let image = image.as_slice().expect("row-major");
    Elements::appended(shape, |patches| {
        for plane in image.chunks_exact(rows.image * columns.image) {
            for (i, j) in (0..rows.kernel).flat_map(|i| (0..columns.kernel).map(move |j| (i, j))) {
                let ((down, top), (across, left)) = (rows.met(i), columns.met(j));
                patches.extend(repeat_n(F::zero(), down.start * columns.output));
                for number in 0..down.len() {
                    let line = &plane[(top + number * rows.step()) * columns.image..][..columns.image];
                    patches.extend(repeat_n(F::zero(), across.start));
                    match columns.step() {
                        1 => patches.extend_from_slice(&line[left..][..across.len()]),
                        step => patches.extend(line.iter().skip(left).step_by(step).take(across.len())),
                    }
                    patches.extend(repeat_n(F::zero(), columns.output - across.end));
                }
                patches.extend(repeat_n(F::zero(), (rows.output - down.end) * columns.output));
            }
        }
    })
}

/// The transpose of [`unfold`]: adds every patch where it was taken from. `shape` is that of the images.
#[track_caller]
pub fn fold<F: Float>(patches: &Elements<F>, [rows, columns]: [Axis; 2], shape: &[usize]) -> Elements<F> {
    if patches.is_empty() || shape.contains(&0) {
        return Elements::full(ndarray::IxDyn(shape), F::zero());
    }
    let patches = patches.row_major();
    let patches = patches.as_slice().expect("row-major");
    let results = rows.output * columns.output;
    let mut plane: Vec<F> = zeros(&[rows.image, columns.image]);
    Elements::appended(shape, |image| {
        for patches in patches.chunks_exact(rows.kernel * columns.kernel * results) {
            plane.fill(F::zero());
            for (number, patch) in patches.chunks_exact(results).enumerate() {
                let (down, top) = rows.met(number / columns.kernel);
                let (across, left) = columns.met(number % columns.kernel);
                for (number, o) in down.enumerate() {
                    let line = &mut plane[(top + number * rows.step()) * columns.image..][..columns.image];
                    let from = &patch[o * columns.output..][across.clone()];
                    line.iter_mut().skip(left).step_by(columns.step()).zip(from).for_each(|(sum, &x)| *sum += x);
                }
            }
            image.extend_from_slice(&plane);
        }
    })
}
