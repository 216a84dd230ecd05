//! Elementwise comparisons: the result is an array of `bool`, for [`where_`](crate::where_) and for counting.
//!
//! Not differentiable.

use ndarray::{ArrayD, Zip};

use crate::kernels::ask;
use crate::kernels::joint_shape;
use crate::{Float, Tensor, operation};

/// Applies `holds` to every pair of elements, with broadcasting.
#[track_caller]
fn compare<F: Float>(name: &'static str, a: &Tensor<F>, b: Tensor<F>, holds: impl Fn(F, F) -> bool) -> ArrayD<bool> {
    let shape = match joint_shape::<F>(a.shape(), b.shape()) {
        Ok(shape) => shape,
        Err(reason) => panic!("{name} of {:?} and {:?}: {reason}", a.shape(), b.shape()),
    };
    operation::begin(name);
    ask::<bool>(&shape);
    let (left, right) = (a.view(), b.view());
    let a = left.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    let b = right.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    Zip::from(a).and(b).map_collect(|&a, &b| holds(a, b))
}

/// Elementwise comparisons with a tensor or a scalar, with broadcasting. Comparing with NaN gives `false`, except in
/// [`ne_elem`](Tensor::ne_elem).
///
/// ```
/// use downhill_tensor::Tensor;
/// let (x, labels) = (Tensor::from([0.2, 0.9, 0.6]), Tensor::from([0.0, 1.0, 0.0]));
/// let right = x.gt(0.5).iter().zip(labels.gt(0.5).iter()).filter(|(a, b)| a == b).count();
/// assert_eq!(right, 2);
/// ```
///
/// # Panics
/// If the shapes do not broadcast.
impl<F: Float> Tensor<F> {
    /// Elementwise `self > other`.
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.gt(2.0).as_slice().unwrap(), [false, false, true]);
    /// ```
    #[track_caller]
    pub fn gt(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("gt", self, other.into(), |a, b| a > b)
    }

    /// Elementwise `self >= other`.
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.ge(2.0).as_slice().unwrap(), [false, true, true]);
    /// ```
    #[track_caller]
    pub fn ge(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("ge", self, other.into(), |a, b| a >= b)
    }

    /// Elementwise `self < other`.
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.lt(2.0).as_slice().unwrap(), [true, false, false]);
    /// ```
    #[track_caller]
    pub fn lt(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("lt", self, other.into(), |a, b| a < b)
    }

    /// Elementwise `self <= other`.
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.le(2.0).as_slice().unwrap(), [true, true, false]);
    /// ```
    #[track_caller]
    pub fn le(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("le", self, other.into(), |a, b| a <= b)
    }

    /// Elementwise `self == other`. For whole tensors use `==` or, up to a tolerance, [`all_close`](Self::all_close).
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.eq_elem(2.0).as_slice().unwrap(), [false, true, false]);
    /// ```
    #[doc(alias = "eq")]
    #[track_caller]
    pub fn eq_elem(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("eq_elem", self, other.into(), |a, b| a == b)
    }

    /// Elementwise `self != other`.
    ///
    /// ```
    /// let x = downhill_tensor::Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.ne_elem(2.0).as_slice().unwrap(), [true, false, true]);
    /// ```
    #[doc(alias = "ne")]
    #[track_caller]
    pub fn ne_elem(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("ne_elem", self, other.into(), |a, b| a != b)
    }

    /// Whether all elements are close to the other's, with broadcasting: `|a - b| ≤ atol + rtol·|b|`, as in NumPy and
    /// PyTorch (whose defaults are `rtol` 1e-5 and `atol` 1e-8). An infinity is close to itself, NaN to nothing.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 100.0]);
    /// assert!(x.all_close([1.0001, 100.01], 1e-3, 0.0));
    /// assert!(!x.all_close([1.0001, 100.01], 1e-5, 1e-8));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias("allclose", "isclose"))]
    #[track_caller]
    pub fn all_close(&self, other: impl Into<Tensor<F>>, rtol: F, atol: F) -> bool {
        let close = |a: F, b: F| a == b || b.is_finite() && (a - b).abs() <= atol + rtol * b.abs();
        compare("all_close", self, other.into(), close).iter().all(|&close| close)
    }

    /// Whether every element is finite (not infinite, not NaN): a cheap check that training has not diverged.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert!(Tensor::from([1.0, -2.0]).all_finite());
    /// assert!(!Tensor::from([0.0]).ln().all_finite());
    /// ```
    pub fn all_finite(&self) -> bool {
        self.view().iter().all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_six_comparisons() {
        let (a, b) = (Tensor::from([1.0, 2.0, 3.0, f32::NAN]), Tensor::from([2.0, 2.0, 2.0, f32::NAN]));
        assert_eq!(a.gt(&b), array![false, false, true, false].into_dyn());
        assert_eq!(a.ge(&b), array![false, true, true, false].into_dyn());
        assert_eq!(a.lt(&b), array![true, false, false, false].into_dyn());
        assert_eq!(a.le(&b), array![true, true, false, false].into_dyn());
        assert_eq!(a.eq_elem(&b), array![false, true, false, false].into_dyn());
        assert_eq!(a.ne_elem(&b), array![true, false, true, true].into_dyn());
    }

    #[test]
    fn with_scalars_and_broadcasting() {
        assert_eq!(Tensor::from([1.0, 3.0]).ge(3.0), array![false, true].into_dyn());
        let column = Tensor::from([[1.0], [2.0]]);
        assert_eq!(column.lt([1.5, 2.5]), array![[true, true], [false, true]].into_dyn());
        assert_eq!(Tensor::<f64>::zeros(&[0, 3]).gt(0.0).shape(), [0, 3]);
    }

    #[test]
    fn close_and_not_close() {
        let x = Tensor::from([1.0, -200.0]);
        assert!(x.all_close(&x, 0.0, 0.0));
        assert!(x.all_close([1.5, -200.5], 0.0, 0.5));
        assert!(!x.all_close([1.5, -200.75], 0.0, 0.5));
        // `rtol` is relative to `other`, not to `self`.
        assert!(Tensor::from(1.0).all_close(2.0, 0.5, 0.0));
        assert!(!Tensor::from(2.0).all_close(1.0, 0.5, 0.0));
        assert!(Tensor::from([1.0, 1.0]).all_close(1.0, 0.0, 0.0));
    }

    #[test]
    fn infinities_and_nan_are_not_close() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert!(Tensor::from(inf).all_close(inf, 1e-5, 1e-8));
        assert!(!Tensor::from(inf).all_close(-inf, 1e-5, 1e-8));
        assert!(!Tensor::from(1.0).all_close(inf, 1e-5, 1e-8));
        assert!(!Tensor::from(inf).all_close(1.0, 1e-5, 1e-8));
        assert!(!Tensor::from(nan).all_close(nan, 1e-5, 1e-8));
    }

    #[test]
    fn finite_or_not() {
        assert!(Tensor::from([f32::MAX, -0.0]).all_finite());
        assert!(Tensor::<f32>::zeros(&[0]).all_finite());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!Tensor::from([0.0, bad]).all_finite());
        }
    }

    #[test]
    #[should_panic(expected = "gt of [2] and [3]: the sizes 2 and 3 of axis -1")]
    fn shapes_that_do_not_broadcast() {
        Tensor::from([1.0, 2.0]).gt([1.0, 2.0, 3.0]);
    }
}
