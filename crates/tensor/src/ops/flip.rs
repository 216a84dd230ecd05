//! The elements in reverse order along axes; the derivative reverses back.

use ndarray::Axis;

use crate::axes;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled};

struct Flip(AxisSet);

impl<F: Float> Op<F, 1> for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, reversed", &[("x", "dy, reversed back")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        axes::attributes(self.0)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let mut x = x.view();
        for axis in (0..x.ndim()).filter(|&axis| self.0.contains(axis)) {
            x.invert_axis(Axis(axis));
        }
        x.as_standard_layout().into_owned().into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Flip(self.0), [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The elements in reverse order along the given [`Axes`].
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.flip(0), Tensor::from([[3.0, 4.0], [1.0, 2.0]]));
    /// assert_eq!(x.flip(..), Tensor::from([[4.0, 3.0], [2.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Axes>) -> Tensor<F> {
        apply(Flip(axes.into().resolve("flip", self.ndim())), [self])
    }
}

compiled!(Op<1> Flip);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::unary("flip", domain(), |x| x.flip(..));
        sweep::shapes("flip", &[&[2, 3], &[2, 0], &[2, 3, 2]], domain(), |x| x.flip([0, -1]));
        sweep::shapes("flip", &[&[2, 3], &[2, 3, 2]], domain(), |x| x.flip(1));
    }

    #[test]
    fn no_axis() {
        let x = Tensor::from([1.0, 2.0]);
        assert_eq!(x.flip([]), x);
        assert_eq!(x.flip(-1), Tensor::from([2.0, 1.0]));
    }
}
