//! The mean over axes: `Σx / n`.

use crate::{Axes, Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The mean of all elements, a scalar; NaN if there are none.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).mean().item(), 3.0);
    /// ```
    pub fn mean(&self) -> Tensor<F> {
        self.mean_axis(..)
    }

    /// The mean over some [`Axes`]; NaN over an empty axis.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.mean_axis(0), Tensor::from([2.0, 4.0]));
    /// assert_eq!(x.mean_axis(keep(1)), Tensor::from([[1.5], [4.5]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into();
        let count = axes.resolve("mean", self.ndim()).count(self.shape());
        self.sum_axis(axes) / F::from_f64(count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 7] = [&[], &[1], &[5], &[2, 3], &[1, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("mean", &some, domain(), |x| x.mean());
        sweep::shapes("mean", &[&[3], &[1], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.mean_axis(-1));
        sweep::shapes("mean", &[&[2, 3, 2], &[2, 0, 3]], domain(), |x| x.mean_axis(keep([0, -1])));
    }

    #[test]
    fn of_nothing() {
        let x = Tensor::<f64>::zeros(&[0, 3]);
        assert!(x.mean().item().is_nan());
        assert!(x.mean_axis(0).to_vec().iter().all(|mean| mean.is_nan()));
        assert_eq!(x.mean_axis(1).shape(), [0]);
    }
}
