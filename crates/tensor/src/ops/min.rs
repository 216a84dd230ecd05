//! The minimum over axes; the gradient goes to the smallest element, and ties share it equally.

use super::max::{some_elements, to_extremes};
use crate::axes;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

struct Min(AxisSet);

impl<F: Float> Op<F, 1> for Min {
    fn name(&self) -> &'static str {
        "min"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the smallest x", &[("x", "dy at the smallest, shared by ties")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        axes::attributes(self.0)
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        some_elements(self.0, x)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::min(x, self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        to_extremes(self.0, x, y, dy)
    }
}

impl<F: Float> Tensor<F> {
    /// The smallest element, a scalar; NaN if any element is NaN. Ties share the gradient equally, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 3.0, 1.0]);
    /// assert_eq!(x.min().item(), 1.0);
    /// assert_eq!(x.min().backward()[&x], Tensor::from([0.5, 0.0, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn min(&self) -> Tensor<F> {
        self.min_axis(..)
    }

    /// The minimum over some [`Axes`]; for its index, see [`argmin`](Self::argmin). Like PyTorch's `amin`: ties share
    /// the gradient equally.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 5.0], [4.0, 2.0]]);
    /// assert_eq!(x.min_axis(0), Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.min_axis(keep(1)), Tensor::from([[1.0], [2.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has size 0.
    #[doc(alias = "amin")]
    #[track_caller]
    pub fn min_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        apply(Min(axes.into().resolve("min", self.ndim())), [self])
    }
}

compiled!(Op<1> Min);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 6] = [&[], &[1], &[5], &[2, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("min", &some, domain(), |x| x.min());
        sweep::shapes("min", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.min_axis(-1));
        sweep::shapes("min", &[&[2, 3], &[2, 0], &[2, 3, 2]], domain(), |x| x.min_axis(keep(0)));
        sweep::shapes("min", &[&[2, 3, 2], &[2, 0, 1]], domain(), |x| x.min_axis([0, 2]));
    }

    #[test]
    fn ties_share() {
        let x = Tensor::param([[1.0, 3.0, 1.0], [2.0, 2.0, 2.0]]);
        let third = 1.0 / 3.0;
        assert_eq!(x.min_axis(1).sum().backward()[&x], Tensor::from([[0.5, 0.0, 0.5], [third, third, third]]));
        assert_eq!(x.min().backward()[&x], Tensor::from([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]));
        assert_eq!(x.min_axis(0).sum().backward()[&x], Tensor::from([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]));
    }

    #[test]
    fn nan_wins_and_takes_the_gradient() {
        for place in [0, 1, 40, 99] {
            let mut x = Tensor::param(Tensor::<f64>::zeros(&[100]));
            x.data_mut()[place] = f64::NAN;
            assert!(x.min().item().is_nan());
            let g = x.min().backward()[&x].to_vec();
            assert!(g.iter().enumerate().all(|(i, &g)| g == if i == place { 1.0 } else { 0.0 }));
        }
    }

    #[test]
    fn an_infinite_gradient_reaches_the_chosen_only() {
        let x = Tensor::param([0.0, 1.0]);
        assert_eq!(x.min().sqrt().backward()[&x], Tensor::from([f64::INFINITY, 0.0]));
    }

    #[test]
    #[should_panic(expected = "min of [2, 0]: an axis to reduce has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[2, 0]).min_axis(1);
    }
}
