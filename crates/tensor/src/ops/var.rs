//! The variance over axes: `Σ(x - mean)² / (n - correction)`.
//!
//! Two passes, so that a mean far from zero costs no digits.

use crate::{Axes, Float, Tensor, keep};

impl<F: Float> Tensor<F> {
    /// The variance of all elements, a scalar, with `n - 1` in the denominator: the unbiased sample variance, as in
    /// PyTorch. NaN for fewer than two elements. For `n`, see [`var_with`](Self::var_with).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0, 6.0]).var().item(), 14.0 / 3.0);
    /// ```
    pub fn var(&self) -> Tensor<F> {
        self.var_with(1, ..)
    }

    /// The variance over some [`Axes`], with `n - 1` in the denominator.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.var_axis(0), Tensor::from([2.0, 8.0]));
    /// assert_eq!(x.var_axis(keep(1)), Tensor::from([[0.5], [4.5]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        self.var_with(1, axes)
    }

    /// The variance over some [`Axes`] with `n - correction` in the denominator: 1 is Bessel's correction for a sample,
    /// 0 gives the mean squared deviation, which normalization layers use. NaN or inf if `n` does not exceed
    /// `correction`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.var_with(0, ..).item(), 3.5);
    /// assert_eq!(x.var_with(0, 1), Tensor::from([0.25, 2.25]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var_with(&self, correction: usize, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into();
        let count = axes.resolve("var", self.ndim()).count(self.shape());
        // First pass: the mean. Second pass: the squared deviations from it.
        let deviation = self - self.mean_axis(keep(axes.clone()));
        deviation.square().sum_axis(axes) / F::from_f64(count.saturating_sub(correction) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::shapes("var", &[&[2], &[5], &[2, 3], &[2, 1, 3], &[3, 67]], domain(), |x| x.var());
        sweep::shapes("var", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.var_axis(-1));
        sweep::shapes("var", &[&[1, 1], &[1, 3], &[2, 3, 2]], domain(), |x| x.var_with(0, keep([0, -1])));
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        let x = Tensor::from([1e8, 1e8 + 1.0, 1e8 + 2.0]);
        assert_eq!(x.var().item(), 1.0);
        let x = Tensor::from([4097.0_f32, 4098.0, 4099.0]);
        assert_eq!(x.var_with(0, ..).item(), 2.0 / 3.0);
    }

    #[test]
    fn too_few_elements() {
        assert!(Tensor::from([2.0_f64]).var().item().is_nan());
        assert!(Tensor::<f64>::zeros(&[0]).var_with(0, ..).item().is_nan());
        assert_eq!(Tensor::from([2.0]).var_with(0, ..).item(), 0.0);
        assert_eq!(Tensor::from([1.0, 2.0]).var_with(2, ..).item(), f64::INFINITY);
    }
}
