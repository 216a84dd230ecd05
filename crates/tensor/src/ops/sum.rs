//! The sum over axes; the derivative broadcasts the gradient back over them.

use ndarray::Dimension;

use crate::axes;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

struct Sum(AxisSet);

impl<F: Float> Op<F, 1> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("Σx", &[("x", "dy, repeated over the summed axes")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        axes::attributes(self.0)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::sum(x, self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let aligned = if dy.ndim() == 0 { dy } else { &dy.reshape(self.0.kept_shape(x.shape()).slice()) };
        aligned.broadcast_to(x.shape())
    }
}

impl<F: Float> Tensor<F> {
    /// The sum of all elements, a scalar; 0 if there are none.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).sum().item(), 10.0);
    /// ```
    pub fn sum(&self) -> Tensor<F> {
        self.sum_axis(..)
    }

    /// The sum over some [`Axes`].
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axis(0), Tensor::from([4.0, 6.0]));
    /// assert_eq!(x.sum_axis(keep(-1)), Tensor::from([[3.0], [7.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into().resolve("sum", self.ndim());
        apply(Sum(axes), [self])
    }
}

compiled!(Op<1> Sum);

#[cfg(test)]
mod tests {
    use crate::keep;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::unary("sum", domain(), |x| x.square().sum());
        sweep::unary("sum", domain(), |x| x.square().sum_axis(keep(..)));
        let matrices: [&[usize]; 4] = [&[2, 3], &[1, 3], &[2, 0], &[0, 3]];
        for axis in [0, 1, -1] {
            sweep::shapes("sum", &matrices, domain(), |x| x.square().sum_axis(axis));
            sweep::shapes("sum", &matrices, domain(), |x| x.square().sum_axis(keep(axis)));
        }
        let blocks: [&[usize]; 3] = [&[2, 3, 2], &[2, 1, 3], &[2, 0, 2]];
        sweep::shapes("sum", &blocks, domain(), |x| x.square().sum_axis([0, 2]));
        sweep::shapes("sum", &blocks, domain(), |x| x.square().sum_axis(keep([-2])));
        sweep::shapes("sum", &[&[2, 1, 2, 2]], domain(), |x| x.square().sum_axis([1, 3]));
    }
}
