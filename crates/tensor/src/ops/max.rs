//! The maximum over axes; the gradient goes to the largest element, and ties share it equally.

use super::gate;
use ndarray::Dimension;

use crate::axes;
use crate::elementwise::step2;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

struct Max(AxisSet);

impl<F: Float> Op<F, 1> for Max {
    fn name(&self) -> &'static str {
        "max"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the largest x", &[("x", "dy at the largest, shared by ties")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        axes::attributes(self.0)
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        some_elements(self.0, x)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::max(x, self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        to_extremes(self.0, x, y, dy)
    }
}

/// [`Op::check`] for the maximum or minimum over `axes`.
pub(super) fn some_elements(axes: AxisSet, shape: &[usize]) -> Result<(), String> {
    match axes.count(shape) {
        0 => Err("an axis to reduce has no elements: nothing can be selected from it (check \
                  `is_empty()` first, or append a value with `concat`)"
            .into()),
        _ => Ok(()),
    }
}

/// The gradient `dy`, shared equally by the elements of `x` that are equal to the maximum or minimum `y`.
pub(super) fn to_extremes<F: Float>(axes: AxisSet, x: &Tensor<F>, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
    let kept = axes.kept_shape(x.shape());
    let equal = |x: F, y: F| x == y || x.is_nan() && y.is_nan();
    let extreme = y.detach().reshape(kept.slice());
    // A mask, divided by the number of ties. Both are constants: their derivative is 0.
    let chosen = step2(x, &extreme, |x, y| if equal(x, y) { F::one() } else { F::zero() });
    let mut keeping = axes;
    keeping.keep = true;
    let number = Tensor::leaf(kernels::sum(&chosen.0.elements, keeping), 0);
    gate(&dy.reshape(kept.slice()), step2(&chosen, &number, |chosen, number| chosen / number))
}

impl<F: Float> Tensor<F> {
    /// The largest element, a scalar; NaN if any element is NaN. Ties share the gradient equally, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 3.0, 3.0]);
    /// assert_eq!(x.max().item(), 3.0);
    /// assert_eq!(x.max().backward()[&x], Tensor::from([0.0, 0.5, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn max(&self) -> Tensor<F> {
        self.max_axis(..)
    }

    /// The maximum over some [`Axes`]; for its index, see [`argmax`](Self::argmax). Like PyTorch's `amax`: ties share
    /// the gradient equally, whereas PyTorch's `max` with an axis gives all of it to one element.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 5.0], [4.0, 2.0]]);
    /// assert_eq!(x.max_axis(0), Tensor::from([4.0, 5.0]));
    /// assert_eq!(x.max_axis(keep(1)), Tensor::from([[5.0], [4.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has size 0.
    #[doc(alias = "amax")]
    #[track_caller]
    pub fn max_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        apply(Max(axes.into().resolve("max", self.ndim())), [self])
    }
}

compiled!(Op<1> Max);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 6] = [&[], &[1], &[5], &[2, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("max", &some, domain(), |x| x.max());
        sweep::shapes("max", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.max_axis(-1));
        sweep::shapes("max", &[&[2, 3], &[2, 0], &[2, 3, 2]], domain(), |x| x.max_axis(keep(0)));
        sweep::shapes("max", &[&[2, 3, 2], &[2, 0, 1]], domain(), |x| x.max_axis([0, 2]));
    }

    #[test]
    fn ties_share() {
        let x = Tensor::param([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]);
        let third = 1.0 / 3.0;
        assert_eq!(x.max_axis(1).sum().backward()[&x], Tensor::from([[0.0, 0.5, 0.5], [third, third, third]]));
        assert_eq!(x.max().backward()[&x], Tensor::from([[0.0, 0.5, 0.5], [0.0, 0.0, 0.0]]));
        assert_eq!(x.max_axis(0).sum().backward()[&x], Tensor::from([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]));
    }

    #[test]
    fn nan_wins_and_takes_the_gradient() {
        for place in [0, 1, 40, 99] {
            let mut x = Tensor::param(Tensor::<f64>::zeros(&[100]));
            x.data_mut()[place] = f64::NAN;
            assert!(x.max().item().is_nan());
            let g = x.max().backward()[&x].to_vec();
            assert!(g.iter().enumerate().all(|(i, &g)| g == if i == place { 1.0 } else { 0.0 }));
        }
    }

    #[test]
    fn an_infinite_gradient_reaches_the_chosen_only() {
        let x = Tensor::param([0.0, -1.0]);
        assert_eq!(x.max().sqrt().backward()[&x], Tensor::from([f64::INFINITY, 0.0]));
    }

    #[test]
    #[should_panic(expected = "max of [2, 0]: an axis to reduce has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[2, 0]).max_axis(1);
    }
}
