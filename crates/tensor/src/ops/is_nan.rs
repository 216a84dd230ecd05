//! Which elements are NaN, infinite or finite: arrays of `bool`, for [`where_`](crate::where_) and for counting.
//!
//! Not differentiable.

use ndarray::ArrayD;

use crate::kernels::ask;
use crate::{Float, Tensor, operation};

#[track_caller]
fn test<F: Float>(name: &'static str, x: &Tensor<F>, holds: impl Fn(F) -> bool) -> ArrayD<bool> {
    operation::begin(name);
    ask::<bool>(x.shape());
    x.view().map(|&x| holds(x))
}

/// Whether the value is a number at all. For a whole tensor, see [`all_finite`](Tensor::all_finite).
impl<F: Float> Tensor<F> {
    /// Which elements are NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_nan().as_slice().unwrap(), [false, true, false]);
    /// ```
    #[doc(alias = "isnan")]
    #[track_caller]
    pub fn is_nan(&self) -> ArrayD<bool> {
        test("is_nan", self, F::is_nan)
    }

    /// Which elements are inf or -inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_inf().as_slice().unwrap(), [false, false, true]);
    /// ```
    #[doc(alias("isinf", "is_infinite"))]
    #[track_caller]
    pub fn is_inf(&self) -> ArrayD<bool> {
        test("is_inf", self, F::is_infinite)
    }

    /// Which elements are finite: neither infinite nor NaN.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, where_};
    /// let x = Tensor::from([1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.is_finite().as_slice().unwrap(), [true, false, false]);
    /// assert_eq!(where_(&x.is_finite(), &x, 0.0), Tensor::from([1.0, 0.0, 0.0]));
    /// ```
    #[doc(alias = "isfinite")]
    #[track_caller]
    pub fn is_finite(&self) -> ArrayD<bool> {
        test("is_finite", self, F::is_finite)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn three_kinds() {
        let x = Tensor::from([[f32::NAN, f32::MAX, f32::INFINITY], [-0.0, f32::NEG_INFINITY, -f32::NAN]]);
        assert_eq!(x.is_nan(), array![[true, false, false], [false, false, true]].into_dyn());
        assert_eq!(x.is_inf(), array![[false, false, true], [false, true, false]].into_dyn());
        assert_eq!(x.is_finite(), array![[false, true, false], [true, false, false]].into_dyn());
        assert_eq!(x.t().is_nan(), array![[true, false], [false, false], [false, true]].into_dyn());
        assert_eq!(Tensor::<f64>::zeros(&[0, 3]).is_nan().shape(), [0, 3]);
        assert!(!Tensor::from(1.0).is_nan()[[]]);
    }
}
