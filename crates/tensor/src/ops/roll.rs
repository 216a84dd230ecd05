//! The positions along an axis rotated; the derivative rotates back.

use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};

struct Roll {
    axis: usize,
    /// By how many positions to the end; less than the size of the axis.
    shift: usize,
}

impl<F: Float> Op<F, 1> for Roll {
    fn name(&self) -> &'static str {
        "roll"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, rotated along the axis", &[("x", "dy, rotated back")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("shift", self.shift.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (shape, x) = (x.shape(), x.row_major());
        let width: usize = shape[self.axis + 1..].iter().product();
        // `max(1)`: `chunks_exact` panics on 0, and an empty tensor has no blocks.
        let blocks = x.as_slice().expect("row-major").chunks_exact((shape[self.axis] * width).max(1));
        Elements::appended(shape, |y| {
            for block in blocks {
                let (front, back) = block.split_at(block.len() - self.shift * width);
                y.extend_from_slice(back);
                y.extend_from_slice(front);
            }
        })
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let size = x.shape()[self.axis];
        apply(Roll { axis: self.axis, shift: if self.shift == 0 { 0 } else { size - self.shift } }, [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The positions along an axis shifted toward its end, or toward its front by a negative `shift`; what is shifted
    /// out comes in at the other side.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_vec(), [4.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(-1, 0).to_vec(), [2.0, 3.0, 4.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn roll(&self, shift: isize, axis: isize) -> Tensor<F> {
        let axis = resolve_axis("roll", axis, self.ndim());
        // No size exceeds `isize::MAX`, and an empty axis has nothing to shift.
        let size = (self.shape()[axis] as isize).max(1);
        apply(Roll { axis, shift: shift.rem_euclid(size) as usize }, [self])
    }
}

compiled!(Op<1> Roll);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for shift in [-1, 0, 2] {
            let some: [&[usize]; 7] = [&[1], &[5], &[0], &[2, 3], &[0, 3], &[2, 0], &[2, 1, 3]];
            sweep::shapes("roll", &some, domain(), |x| x.roll(shift, -1).square());
            sweep::shapes("roll", &[&[4, 2], &[2, 0], &[3, 2, 2]], domain(), |x| x.roll(shift, 0).square());
        }
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.roll(1, 0), Tensor::from([[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]));
        assert_eq!(x.roll(1, 1), Tensor::from([[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]]));
        assert_eq!(x.t().roll(-2, 0), x.roll(1, 1).t());
        for turns in [-6, 0, 3, 3_000_000] {
            assert_eq!(x.roll(turns, 1), x);
        }
        // 2⁶³ = 2·4³¹, and 4 leaves the rest 1.
        assert_eq!(x.roll(isize::MIN, 1), x.roll(-2, 1));
        assert_eq!(x.roll(isize::MAX, 1), x.roll(1, 1));
    }

    #[test]
    #[should_panic(expected = "roll: axis 1 is out of range for a tensor with 1 axes")]
    fn along_an_axis_that_is_not_there() {
        Tensor::<f32>::zeros(&[3]).roll(1, 1);
    }
}
