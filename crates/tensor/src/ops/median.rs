//! The median over axes; the gradient goes to the element that is the median, and ties share it equally.

use ndarray::{Dimension, IxDyn};

use super::max::{some_elements, to_extremes};
use super::sort::{chosen, compare};
use crate::kernels::AxisSet;
use crate::{Axes, Elements, Float, Formula, Op, Tensor, apply, compiled};

/// Of every row of a matrix.
struct Median;

/// The reduced axis of that matrix.
const COLUMNS: AxisSet = AxisSet { bits: 0b10, keep: false };

impl<F: Float> Op<F, 1> for Median {
    fn name(&self) -> &'static str {
        "median"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the median of x", &[("x", "dy at the median, shared by ties")]))
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        some_elements(COLUMNS, x)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let places = chosen(x, 1, 1, |row| {
            let place = nan(row).unwrap_or_else(|| {
                let middle = (row.len() - 1) / 2;
                row.select_nth_unstable_by(middle, |a, b| compare(a.0, b.0));
                middle
            });
            row.swap(0, place);
        });
        let medians = places.take(x);
        medians.reshaped(IxDyn(&[x.shape()[0]]))
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        to_extremes(COLUMNS, x, y, dy)
    }
}

/// The place of the first NaN.
pub(super) fn nan<F: Float>(row: &[(F, usize)]) -> Option<usize> {
    row.iter().position(|(x, _)| x.is_nan())
}

/// A matrix with a row for each element that a reduction results in, and in it the elements that are reduced to it.
#[track_caller]
pub(super) fn rows<F: Float>(x: &Tensor<F>, axes: AxisSet) -> Tensor<F> {
    let (reduced, kept): (Vec<isize>, Vec<isize>) =
        (0..x.ndim() as isize).partition(|&axis| axes.contains(axis as usize));
    let sizes = [&kept, &reduced].map(|axes| axes.iter().map(|&axis| x.shape()[axis as usize]).product());
    x.permute(&[kept, reduced].concat()).reshape(&sizes)
}

impl<F: Float> Tensor<F> {
    /// The median of all elements, a scalar: of an even number of elements the lower of the two in the middle, as in
    /// PyTorch ([`quantile(0.5)`](Self::quantile) is their mean). NaN if any element is NaN. Ties share the gradient
    /// equally, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.median().item(), 2.0);
    /// assert_eq!(x.median().backward()[&x], Tensor::from([0.0, 0.0, 0.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn median(&self) -> Tensor<F> {
        self.median_axis(..)
    }

    /// The [`median`](Self::median) over some [`Axes`]. Ties share the gradient equally, whereas PyTorch's `median`
    /// with an axis gives all of it to one element.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 9.0, 5.0], [4.0, 2.0, 3.0]]);
    /// assert_eq!(x.median_axis(1), Tensor::from([5.0, 3.0]));
    /// assert_eq!(x.median_axis(keep(0)), Tensor::from([[1.0, 2.0, 3.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has size 0.
    #[track_caller]
    pub fn median_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into().resolve("median", self.ndim());
        if let Err(reason) = some_elements(axes, self.shape()) {
            panic!("median of {:?}: {reason}", self.shape());
        }
        apply(Median, [&rows(self, axes)]).reshape(axes.reduced_shape(self.shape()).slice())
    }
}

compiled!(Op<1> Median);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 7] = [&[], &[1], &[5], &[4], &[2, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("median", &some, domain(), |x| x.median().square());
        sweep::shapes("median", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.median_axis(-1).square());
        sweep::shapes("median", &[&[3, 2], &[2, 0], &[3, 3, 2]], domain(), |x| x.median_axis(keep(0)).square());
        sweep::shapes("median", &[&[2, 3, 2], &[2, 0, 1]], domain(), |x| x.median_axis([0, 2]).square());
    }

    #[test]
    fn the_lower_of_two() {
        assert_eq!(Tensor::from([3.0, 1.0]).median().item(), 1.0);
        assert_eq!(Tensor::from([f64::INFINITY, 1.0, f64::NEG_INFINITY]).median().item(), 1.0);
        assert_eq!(Tensor::from(7.0_f32).median().item(), 7.0);
        let x = Tensor::from([[[1.0, 8.0], [3.0, 2.0]], [[5.0, 6.0], [7.0, 4.0]]]);
        assert_eq!(x.median_axis([0, 2]), Tensor::from([5.0, 3.0]));
        assert_eq!(x.median().item(), 4.0);
    }

    #[test]
    fn ties_share() {
        let x = Tensor::param([1.0, 2.0, 2.0, 2.0, 5.0]);
        let third = 1.0 / 3.0;
        assert_eq!(x.median().backward()[&x].to_vec(), [0.0, third, third, third, 0.0]);
        let x = Tensor::param([[0.0, -0.0, 1.0], [2.0, 3.0, 4.0]]);
        assert_eq!(x.median_axis(1).sum().backward()[&x], Tensor::from([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]));
    }

    #[test]
    fn nan_wins_and_takes_the_gradient() {
        let nan = f64::NAN;
        let x = Tensor::param([[1.0, nan, 3.0], [1.0, 2.0, 3.0]]);
        let y = x.median_axis(1);
        assert!(y.to_vec()[0].is_nan() && y.to_vec()[1] == 2.0);
        assert_eq!(y.sum().backward()[&x], Tensor::from([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]));
    }

    #[test]
    #[should_panic(expected = "median of [2, 0]: an axis to reduce has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[2, 0]).median_axis(1);
    }
}
