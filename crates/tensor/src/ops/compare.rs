//! Comparisons, element by element: the result is an array of `bool`, for [`where_`](crate::where_) and for counting.
//!
//! Not differentiable.

use ndarray::{ArrayD, Zip};

use crate::broadcast::broadcast_shape;
use crate::{Float, Tensor};

/// `holds` of every pair of elements, with broadcasting.
#[track_caller]
fn compare<F: Float>(name: &str, a: &Tensor<F>, b: Tensor<F>, holds: impl Fn(F, F) -> bool) -> ArrayD<bool> {
    let shape = match broadcast_shape(a.shape(), b.shape()) {
        Ok(shape) => shape,
        Err(reason) => panic!("{name} of {:?} and {:?}: {reason}", a.shape(), b.shape()),
    };
    let a = a.0.data.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    let b = b.0.data.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
    Zip::from(a).and(b).map_collect(|&a, &b| holds(a, b))
}

/// Comparisons with a tensor or a scalar, with broadcasting. With NaN all are false, except
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
    /// Where this is greater than the other.
    #[track_caller]
    pub fn gt(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("gt", self, other.into(), |a, b| a > b)
    }

    /// Where this is greater than or equal to the other.
    #[track_caller]
    pub fn ge(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("ge", self, other.into(), |a, b| a >= b)
    }

    /// Where this is less than the other.
    #[track_caller]
    pub fn lt(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("lt", self, other.into(), |a, b| a < b)
    }

    /// Where this is less than or equal to the other.
    #[track_caller]
    pub fn le(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("le", self, other.into(), |a, b| a <= b)
    }

    /// Where the two are equal. Whether whole tensors are equal is `==`, and whether nearly, [`all_close`](Self::all_close).
    #[track_caller]
    pub fn eq_elem(&self, other: impl Into<Tensor<F>>) -> ArrayD<bool> {
        compare("eq_elem", self, other.into(), |a, b| a == b)
    }

    /// Where the two differ.
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
    #[track_caller]
    pub fn all_close(&self, other: impl Into<Tensor<F>>, rtol: F, atol: F) -> bool {
        let close = |a: F, b: F| a == b || b.is_finite() && (a - b).abs() <= atol + rtol * b.abs();
        compare("all_close", self, other.into(), close).iter().all(|&close| close)
    }

    /// Whether no element is infinite or NaN: the cheapest check that a training run has not diverged.
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
