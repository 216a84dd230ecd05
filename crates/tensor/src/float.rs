//! The two element types, `f32` and `f64`.

use std::fmt::{Debug, Display, LowerExp};

use ndarray::{LinalgScalar, ScalarOperand};
use num_traits::{FloatConst, NumAssign};

use crate::kernels::Kernels;

/// An element type: `f32` or `f64`, and no other (the trait is sealed).
///
/// Everything `num_traits::Float` offers (`exp`, `max`, `is_nan`, ...) is there for writing an operation's forward
/// pass for both types at once.
///
/// ```
/// use downhill_tensor::Float;
/// fn half<F: Float>(x: F) -> F { x * F::from_f64(0.5) }
/// assert_eq!(half(3.0_f32), 1.5);
/// ```
pub trait Float:
    Kernels
    + num_traits::Float
    + FloatConst
    + NumAssign
    + LinalgScalar
    + ScalarOperand
    + Debug
    + Display
    + LowerExp
    + Default
    + Send
    + Sync
    + std::iter::Sum
    + serde::Serialize
    + serde::de::DeserializeOwned
{
    /// The type's name, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest value of this type to `x`.
    fn from_f64(x: f64) -> Self;

    /// The value as an `f64` (exact for both types).
    fn as_f64(self) -> f64;
}

impl Float for f32 {
    const NAME: &'static str = "f32";

    #[inline]
    fn from_f64(x: f64) -> Self {
        x as f32
    }

    #[inline]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";

    #[inline]
    fn from_f64(x: f64) -> Self {
        x
    }

    #[inline]
    fn as_f64(self) -> f64 {
        self
    }
}
