//! The indices of the largest and smallest elements along an axis. They are plain integers: not differentiable.

use ndarray::{ArrayD, ArrayView1, Axis};

use crate::axes::resolve_axis;
use crate::kernels::ask;
use crate::{Float, Tensor, operation};

/// The index of the first NaN, or else of the first element that no other is `better` than.
fn position<F: Float>(lane: ArrayView1<'_, F>, better: impl Fn(F, F) -> bool) -> usize {
    let (mut place, mut best) = (0, lane[0]);
    for (i, &x) in lane.iter().enumerate() {
        if x.is_nan() {
            return i;
        }
        if better(x, best) {
            (place, best) = (i, x);
        }
    }
    place
}

impl<F: Float> Tensor<F> {
    /// The index of the largest element along an axis, which is removed; the first index on ties. NaN counts as the
    /// largest, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let scores = Tensor::from([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]]);
    /// assert_eq!(scores.argmax(-1), array![1, 0].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> ArrayD<usize> {
        self.positions("argmax", axis, |x, best| x > best)
    }

    /// The index of the smallest element along an axis, which is removed; the first index on ties. NaN counts as the
    /// smallest, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let errors = Tensor::from([[0.1, 0.7], [0.5, 0.0]]);
    /// assert_eq!(errors.argmin(0), array![0, 1].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has size 0.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> ArrayD<usize> {
        self.positions("argmin", axis, |x, best| x < best)
    }

    #[track_caller]
    fn positions(&self, name: &'static str, axis: isize, better: impl Fn(F, F) -> bool) -> ArrayD<usize> {
        let axis = resolve_axis(name, axis, self.ndim());
        assert!(self.shape()[axis] > 0, "{name} of {:?}: axis {axis} has no elements", self.shape());
        let mut shape = self.shape().to_vec();
        shape.remove(axis);
        operation::begin(name);
        ask::<usize>(&shape);
        self.view().map_axis(Axis(axis), |lane| position(lane, &better))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]);
        assert_eq!(x.argmax(0), array![1, 0, 1].into_dyn());
        assert_eq!(x.argmax(-1), array![1, 2].into_dyn());
        assert_eq!(x.t().argmax(0), array![1, 2].into_dyn());
        assert_eq!(x.argmin(0), array![0, 1, 0].into_dyn());
        assert_eq!(x.argmin(1), array![0, 1].into_dyn());
        assert_eq!(Tensor::<f32>::zeros(&[0, 3]).argmax(1).shape(), [0]);
    }

    #[test]
    fn the_first_of_equals_and_nan_before_all() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (row, largest, smallest) in [
            ([2.0, 1.0, 2.0, 1.0], 0, 1),
            ([0.0, -0.0, 0.0, -0.0], 0, 0),
            ([inf, 1.0, nan, nan], 2, 2),
            ([-inf, -inf, -inf, inf], 3, 0),
        ] {
            let x = Tensor::from(row);
            assert_eq!((x.argmax(0)[[]], x.argmin(0)[[]]), (largest, smallest), "{row:?}");
        }
    }

    #[test]
    #[should_panic(expected = "argmax of [2, 0]: axis 1 has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[2, 0]).argmax(-1);
    }
}
