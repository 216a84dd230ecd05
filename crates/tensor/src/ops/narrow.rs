//! A range of one axis; the derivative pads the gradient with zeros. Shares memory.

use ndarray::IxDyn;

use crate::Elements;
use crate::axes::resolve_axis;
use crate::{Attribute, AxisIndex, Float, Formula, Op, Tensor, apply, compiled};

struct Narrow {
    axis: usize,
    start: usize,
    length: usize,
}

impl<F: Float> Op<F, 1> for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x from start, length positions", &[("x", "dy between zeros")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("start", self.start.into()), ("length", self.length.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        x.narrowed(self.axis, self.start, self.start + self.length, 1)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Embed { axis: self.axis, start: self.start, size: x.shape()[self.axis] }, [dy])
    }
}

/// The transpose of [`Narrow`]: pads the tensor with zeros along an axis, to `size`.
struct Embed {
    axis: usize,
    start: usize,
    size: usize,
}

impl<F: Float> Op<F, 1> for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x between zeros", &[("x", "the part of dy where x is")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("start", self.start.into()), ("size", self.size.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let mut shape = x.shape().to_vec();
        // Row-major: for each leading position, `part` contiguous elements in a block of zeros.
        let width: usize = shape[self.axis + 1..].iter().product();
        let (start, part) = (self.start * width, shape[self.axis] * width);
        shape[self.axis] = self.size;
        let x = x.row_major();
        let x = x.as_slice().expect("row-major");
        let mut y = Elements::unset(IxDyn(&shape));
        // `max(1)`: `chunks_exact` panics on 0, and an empty tensor has no blocks.
        for (number, block) in y.slice_mut().chunks_exact_mut((self.size * width).max(1)).enumerate() {
            let (before, rest) = block.split_at_mut(start);
            let (own, after) = rest.split_at_mut(part);
            before.fill(F::zero());
            own.copy_from_slice(&x[number * part..][..part]);
            after.fill(F::zero());
        }
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Narrow { axis: self.axis, start: self.start, length: x.shape()[self.axis] }, [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The range `start..start + length` of an axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.narrow(0, 1, 2), Tensor::from([2.0, 3.0]));
    /// assert_eq!(x.narrow(0, -2, 2), Tensor::from([3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or the range is out of range.
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: impl AxisIndex, length: usize) -> Tensor<F> {
        let axis = resolve_axis("narrow", axis, self.ndim());
        let size = self.shape()[axis];
        match start.in_axis(size) {
            Some(start) if start.checked_add(length).is_some_and(|end| end <= size) => {
                apply(Narrow { axis, start, length }, [self])
            }
            _ => panic!(
                "narrow of {:?}: {length} positions from {start} on are out of range for axis {axis} of size {size}",
                self.shape()
            ),
        }
    }
}

compiled!(Op<1> Narrow);
compiled!(Op<1> Embed);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for (axis, start, length) in [(0, 0, 4), (0, 1, 2), (-1, 3, 1), (0, 4, 0)] {
            sweep::shapes("narrow", &[&[4]], domain(), |x| x.narrow(axis, start, length).square());
        }
        sweep::shapes("narrow", &[&[3, 4], &[1, 4], &[0, 4]], domain(), |x| x.narrow(1, 1, 2).square());
        sweep::shapes("narrow", &[&[3, 2, 2]], domain(), |x| x.narrow(0, 1, 2).square());
        sweep::shapes("narrow", &[&[2, 1, 3, 2]], domain(), |x| x.narrow(2, 0, 2).square());
    }

    /// As in PyTorch, the length counts forward from there; it does not wrap around.
    #[test]
    fn a_negative_start_counts_from_the_end() {
        let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
        assert_eq!(x.narrow(0, -4, 4), x);
        assert_eq!(x.narrow(0, -1_i64, 1), Tensor::from([4.0]));
        assert_eq!(x.narrow(0, -1, 0).shape(), [0]);
    }

    #[test]
    #[should_panic(expected = "narrow of [4]: 1 positions from -5 on are out of range for axis 0 of size 4")]
    fn a_start_before_the_front() {
        Tensor::<f32>::zeros(&[4]).narrow(0, -5, 1);
    }

    #[test]
    #[should_panic(expected = "narrow of [4]: 2 positions from -1 on are out of range for axis 0 of size 4")]
    fn does_not_wrap_around() {
        Tensor::<f32>::zeros(&[4]).narrow(0, -1, 2);
    }

    #[test]
    fn derivatives_of_embed() {
        for (axis, start, size) in [(0, 0, 2), (0, 1, 5), (1, 2, 5)] {
            let embed = |x: &Tensor<f64>| apply(Embed { axis, start, size }, [x]).square();
            sweep::shapes("embed", &[&[2, 3], &[1, 1], &[0, 2], &[2, 0]], Domain::between(-2.0, 2.0), embed);
        }
    }
}
