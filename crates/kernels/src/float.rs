//! The two element types, `f32` and `f64`.

use std::fmt::{Debug, Display, LowerExp};
use std::ops::Neg;

use ndarray::{LinalgScalar, ScalarOperand};
use num_traits::{FloatConst, NumAssign};

use crate::{Kernels, math};

/// An element type: `f32` or `f64`, and no other (the trait is sealed).
///
/// It has the functions of the standard library's floats, under their names, for writing an operation's forward pass
/// for both types at once. `exp`, `exp_m1`, `ln`, `ln_1p`, `tanh`, and for `f32` also `powf`, `erf`, `erfc` and
/// `normal_cdf` are downhill's own: free of branches, so that a loop over them becomes vector instructions, within 1.5
/// units in the last place, and the same bits on every machine. The others are those of the standard library.
///
/// It does not extend `num_traits::Float`, whose `exp` would be another one.
///
/// In code that is generic over the element type a literal does not fit, for it is `f64`: write `t * F::from_f64(2.0)`, not
/// `t * 2.0`.
///
/// ```
/// use downhill_kernels::Float;
/// fn sigmoid<F: Float>(x: F) -> F { F::one() / (F::one() + (-x).exp()) }
/// assert_eq!(sigmoid(0.0_f32), 0.5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an element type of tensors",
    label = "neither `f32` nor `f64`",
    note = "write numbers with a point, `1.0`; alone they are `f64`, while `Tensor` without more means `Tensor<f32>`",
    note = "in generic code, `F::from_f64(2.0)` is a number of the element type `F`"
)]
pub trait Float:
    Kernels
    + Copy
    + PartialOrd
    + Neg<Output = Self>
    + NumAssign
    + FloatConst
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

    /// Not a number.
    fn nan() -> Self;
    /// Infinity.
    fn infinity() -> Self;
    /// Negative infinity.
    fn neg_infinity() -> Self;
    /// The difference between 1 and the next larger number.
    fn epsilon() -> Self;
    /// The least finite number.
    fn min_value() -> Self;
    /// The largest finite number.
    fn max_value() -> Self;
    /// The least positive normal number.
    fn min_positive_value() -> Self;

    /// Whether this is NaN.
    fn is_nan(self) -> bool;
    /// Whether this is an infinity.
    fn is_infinite(self) -> bool;
    /// Whether this is neither an infinity nor NaN.
    fn is_finite(self) -> bool;
    /// Whether the sign is negative, as that of -0 is.
    fn is_sign_negative(self) -> bool;
    /// Whether the sign is positive, as that of 0 is.
    fn is_sign_positive(self) -> bool;

    /// The absolute value.
    fn abs(self) -> Self;
    /// 1 with the sign of this number; NaN for NaN.
    fn signum(self) -> Self;
    /// This number with the sign of another.
    fn copysign(self, sign: Self) -> Self;
    /// The larger of two numbers; of NaN and a number, the number.
    fn max(self, other: Self) -> Self;
    /// The smaller of two numbers; of NaN and a number, the number.
    fn min(self, other: Self) -> Self;
    /// The nearest number between two bounds; NaN for NaN.
    fn clamp(self, min: Self, max: Self) -> Self;
    /// The next whole number below.
    fn floor(self) -> Self;
    /// The next whole number above.
    fn ceil(self) -> Self;
    /// The nearest whole number; halves go away from 0.
    fn round(self) -> Self;
    /// The whole part.
    fn trunc(self) -> Self;
    /// What is behind the point.
    fn fract(self) -> Self;
    /// `x·a + b` rounded once; slow where the machine has no instruction for it.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// `1 / x`.
    fn recip(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The cube root.
    fn cbrt(self) -> Self;
    /// `√(x² + y²)`.
    fn hypot(self, other: Self) -> Self;
    /// `xⁿ` for a whole `n`.
    fn powi(self, n: i32) -> Self;
    /// `xᵖ`.
    fn powf(self, exponent: Self) -> Self;
    /// `eˣ`.
    fn exp(self) -> Self;
    /// `2ˣ`.
    fn exp2(self) -> Self;
    /// `eˣ - 1`, exact near 0 too.
    fn exp_m1(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, exact near 0 too.
    fn ln_1p(self) -> Self;
    /// The logarithm to base 2.
    fn log2(self) -> Self;
    /// The logarithm to base 10.
    fn log10(self) -> Self;

    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
    /// The tangent.
    fn tan(self) -> Self;
    /// The arc sine.
    fn asin(self) -> Self;
    /// The arc cosine.
    fn acos(self) -> Self;
    /// The arc tangent.
    fn atan(self) -> Self;
    /// The angle of the point `(x, self)`.
    fn atan2(self, x: Self) -> Self;
    /// The hyperbolic sine.
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    fn cosh(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The inverse of the hyperbolic sine.
    fn asinh(self) -> Self;
    /// The inverse of the hyperbolic cosine.
    fn acosh(self) -> Self;
    /// The inverse of the hyperbolic tangent.
    fn atanh(self) -> Self;

    /// The error function `2/√π · ∫₀ˣ e^(-t²) dt`.
    fn erf(self) -> Self;
    /// `1 - erf x`, exact at large `x` too.
    fn erfc(self) -> Self;
    /// How likely a number of the standard normal distribution is below this one, `½·erfc(-x/√2)`.
    fn normal_cdf(self) -> Self;
}

/// `Float` for a type: what is listed here is the standard library's, the rest is given.
macro_rules! float {
    ($type:ident, { $($own:tt)* }) => {
        impl Float for $type {
            const NAME: &'static str = stringify!($type);
            $($own)*
            float!(constants $type: nan NAN, infinity INFINITY, neg_infinity NEG_INFINITY, epsilon EPSILON,
                min_value MIN, max_value MAX, min_positive_value MIN_POSITIVE);
            float!(functions $type: is_nan() -> bool, is_infinite() -> bool, is_finite() -> bool,
                is_sign_negative() -> bool, is_sign_positive() -> bool,
                abs() -> Self, signum() -> Self, copysign(sign: Self) -> Self, max(other: Self) -> Self,
                min(other: Self) -> Self, clamp(min: Self, max: Self) -> Self, floor() -> Self, ceil() -> Self,
                round() -> Self, trunc() -> Self, fract() -> Self, mul_add(a: Self, b: Self) -> Self,
                recip() -> Self, sqrt() -> Self, cbrt() -> Self, hypot(other: Self) -> Self, powi(n: i32) -> Self,
                exp2() -> Self, log2() -> Self, log10() -> Self,
                sin() -> Self, cos() -> Self, tan() -> Self, asin() -> Self, acos() -> Self, atan() -> Self,
                atan2(x: Self) -> Self, sinh() -> Self, cosh() -> Self, asinh() -> Self, acosh() -> Self,
                atanh() -> Self);
        }
    };
    (constants $type:ident: $($name:ident $value:ident),*) => {
        $(#[inline(always)]
        fn $name() -> Self {
            $type::$value
        })*
    };
    (functions $type:ident: $($name:ident($($argument:ident: $kind:ty),*) -> $result:ty),*) => {
        $(#[inline(always)]
        fn $name(self $(, $argument: $kind)*) -> $result {
            $type::$name(self $(, $argument)*)
        })*
    };
}

float!(f32, {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        math::exp::single(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        math::expm1::single(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        math::ln::single(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        math::log1p::single(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        math::tanh::single(self)
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        math::pow::single(self, exponent)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        math::erf::single(self)
    }
    #[inline(always)]
    fn erfc(self) -> Self {
        math::erf::complement_single(self)
    }
    #[inline(always)]
    fn normal_cdf(self) -> Self {
        math::erf::normal_cdf_single(self)
    }
});

float!(f64, {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exp(self) -> Self {
        math::exp::double(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        math::expm1::double(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        math::ln::double(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        math::log1p::double(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        math::tanh::double(self)
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        f64::powf(self, exponent)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        libm::erf(self)
    }
    #[inline(always)]
    fn erfc(self) -> Self {
        libm::erfc(self)
    }
    #[inline(always)]
    fn normal_cdf(self) -> Self {
        0.5 * libm::erfc(-self * std::f64::consts::FRAC_1_SQRT_2)
    }
});
