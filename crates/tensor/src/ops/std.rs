//! The standard deviation over axes: the square root of the [variance](super::var); where it is 0, so is the
//! derivative.

use super::norm::Norm;
use crate::{Axes, Float, Tensor, apply, keep};

impl<F: Float> Tensor<F> {
    /// The standard deviation of all elements, a scalar, with `n - 1` in the denominator; NaN for fewer than two
    /// elements. If all elements are equal, the gradient is 0, as in PyTorch, and second derivatives do not exist and
    /// are NaN. Deviations whose squares would overflow or underflow are scaled first.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-1.0, 1.0, 3.0]).std().item(), 2.0);
    /// let x = Tensor::param([5.0, 5.0]);
    /// assert_eq!(x.std().backward()[&x], Tensor::from([0.0, 0.0]));
    /// ```
    pub fn std(&self) -> Tensor<F> {
        self.std_with(1, ..)
    }

    /// The standard deviation over some [`Axes`], with `n - 1` in the denominator.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[-1.0, 1.0, 3.0], [0.0, 0.0, 0.0]]);
    /// assert_eq!(x.std_axis(keep(1)), Tensor::from([[2.0], [0.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        self.std_with(1, axes)
    }

    /// The standard deviation over some [`Axes`] with `n - correction` in the denominator; see
    /// [`var_with`](Self::var_with).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 5.0]).std_with(0, ..).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std_with(&self, correction: usize, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into();
        let set = axes.resolve("std", self.ndim());
        let count = F::from_f64(set.count(self.shape()).saturating_sub(correction) as f64);
        // The 2-norm of the deviations, because `Norm` scales them and has a gradient of 0 at the zero vector.
        let deviation = self - self.mean_axis(keep(axes));
        apply(Norm { p: F::from_f64(2.0), count, axes: set }, [&deviation])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, keep};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::shapes("std", &[&[3], &[5], &[2, 3], &[2, 1, 3], &[3, 67]], domain(), |x| x.std());
        sweep::shapes("std", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.std_axis(-1));
        sweep::shapes("std", &[&[3, 1], &[3, 2, 2]], domain(), |x| x.std_with(0, keep([0, -1])));
    }

    #[test]
    fn of_a_constant() {
        for correction in [0, 1] {
            let x = Tensor::param([[2.0, 2.0, 2.0], [0.0, 3.0, 6.0]]);
            let y = x.std_with(correction, 1);
            assert_eq!(y.to_vec()[0], 0.0);
            let [g] = grad(&y.sum(), [&x]);
            assert_eq!(g.to_vec()[..3], [0.0; 3]);
            assert!(g.to_vec()[3] < 0.0);
            let [second] = grad(&g.square().sum(), [&x]);
            assert!(second.to_vec()[..3].iter().all(|x| x.is_nan()), "there is no second derivative: {second:?}");
            assert!(second.to_vec()[3..].iter().all(|x| x.is_finite()));
        }
        let x = Tensor::param([2.0]);
        assert_eq!(x.std_with(0, ..).backward()[&x], Tensor::from([0.0]));
    }

    #[test]
    fn where_squares_overflow_or_vanish() {
        for scale in [1e30_f32, 1e-30] {
            let x = Tensor::param([-scale, scale, 3.0 * scale]);
            let y = x.std();
            assert!((y.item() / scale - 2.0).abs() < 1e-6, "{y:?}");
            let g = y.backward()[&x].to_vec();
            // (x - mean) / ((n - 1)·std) = (-2, 0, 2) / 4.
            assert!((g[0] + 0.5).abs() < 1e-6 && g[1].abs() < 1e-6 && (g[2] - 0.5).abs() < 1e-6, "{g:?}");
        }
        for scale in [1e300_f64, 1e-300] {
            let y = Tensor::from([-scale, scale, 3.0 * scale]).std();
            assert!((y.item() / scale - 2.0).abs() < 1e-14, "{y:?}");
        }
    }

    #[test]
    fn too_few_elements() {
        assert!(Tensor::from([2.0_f64]).std().item().is_nan());
        assert!(Tensor::<f64>::zeros(&[2, 0]).std_axis(1).to_vec().iter().all(|y| y.is_nan()));
    }
}
