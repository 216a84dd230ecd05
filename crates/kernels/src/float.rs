//! The two element types, `f32` and `f64`.

use std::fmt::{Debug, Display, LowerExp};
use std::ops::Neg;

use ndarray::{LinalgScalar, ScalarOperand};
use num_traits::{FloatConst, NumAssign};

use crate::{Kernels, math};

/// An element type: `f32` or `f64`, and no other (the trait is sealed).
///
/// It has the methods of the standard library's floats, under the same names, so that a forward pass can be written
/// once for both types. `exp`, `exp_m1`, `ln`, `ln_1p`, `sinh`, `cosh`, `tanh`, and for `f32` also `exp2`, `log2`,
/// `log10`, `powf`, `erf`, `erfc` and `normal_cdf` are downhill's own: branch-free, so that loops over them vectorize,
/// accurate to 2 ulp, and bitwise identical on every machine. So are `tan` and the inverse trigonometric functions, and
/// for `f64` the other functions of this list except `powf`: they are `libm`'s. The rest, such as `sin`, is the standard
/// library's.
///
/// It does not extend `num_traits::Float`, because that would add a second, different `exp`.
///
/// In code that is generic over the element type, a literal such as `2.0` is an `f64`: write `t * F::from_f64(2.0)`,
/// not `t * 2.0`.
///
/// ```
/// use downhill_kernels::Float;
/// fn sigmoid<F: Float>(x: F) -> F { F::one() / (F::one() + (-x).exp()) }
/// assert_eq!(sigmoid(0.0_f32), 0.5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an element type of tensors",
    label = "neither `f32` nor `f64`",
    note = "write float literals with a decimal point: `1.0`; they default to `f64`, but plain `Tensor` is `Tensor<f32>`",
    note = "in generic code, write `F::from_f64(2.0)` for a constant of the element type `F`"
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

    /// `x` rounded to the nearest value of this type.
    fn from_f64(x: f64) -> Self;
    /// Converts to `f64`, exactly.
    fn as_f64(self) -> f64;

    /// Not a number.
    fn nan() -> Self;
    /// Infinity.
    fn infinity() -> Self;
    /// Negative infinity.
    fn neg_infinity() -> Self;
    /// The difference between 1 and the next larger value.
    fn epsilon() -> Self;
    /// The smallest (most negative) finite value.
    fn min_value() -> Self;
    /// The largest finite value.
    fn max_value() -> Self;
    /// The smallest positive normal value.
    fn min_positive_value() -> Self;

    /// Whether the value is NaN.
    fn is_nan(self) -> bool;
    /// Whether the value is ±infinity.
    fn is_infinite(self) -> bool;
    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Whether the sign bit is set, as it is for -0.
    fn is_sign_negative(self) -> bool;
    /// Whether the sign bit is not set, as for +0.
    fn is_sign_positive(self) -> bool;

    /// The absolute value.
    fn abs(self) -> Self;
    /// 1 with the sign of this value, ±0 included; NaN for NaN.
    fn signum(self) -> Self;
    /// The magnitude of this value with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// The larger of two values; if one is NaN, the other.
    fn max(self, other: Self) -> Self;
    /// The smaller of two values; if one is NaN, the other.
    fn min(self, other: Self) -> Self;
    /// Restricts the value to the interval `[min, max]`; NaN for NaN.
    fn clamp(self, min: Self, max: Self) -> Self;
    /// Rounds down to an integer.
    fn floor(self) -> Self;
    /// Rounds up to an integer.
    fn ceil(self) -> Self;
    /// Rounds to the nearest integer, halfway cases away from 0.
    fn round(self) -> Self;
    /// Rounds to the nearest integer, halfway cases to the even one.
    fn round_ties_even(self) -> Self;
    /// The integer part: rounds toward 0.
    fn trunc(self) -> Self;
    /// The fractional part.
    fn fract(self) -> Self;
    /// Fused multiply-add: `x·a + b`, rounded once. Slow on machines without an instruction for it.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// `1 / x`.
    fn recip(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The cube root.
    fn cbrt(self) -> Self;
    /// `√(x² + y²)`.
    fn hypot(self, other: Self) -> Self;
    /// `xⁿ` for an integer `n`.
    fn powi(self, n: i32) -> Self;
    /// `xᵖ`.
    fn powf(self, exponent: Self) -> Self;
    /// `eˣ`.
    fn exp(self) -> Self;
    /// `2ˣ`.
    fn exp2(self) -> Self;
    /// `eˣ - 1`, accurate near 0 too.
    fn exp_m1(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, accurate near 0 too.
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
    /// The angle of the point `(x, self)`, in (-π, π].
    fn atan2(self, x: Self) -> Self;
    /// The hyperbolic sine.
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    fn cosh(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The inverse hyperbolic sine.
    fn asinh(self) -> Self;
    /// The inverse hyperbolic cosine.
    fn acosh(self) -> Self;
    /// The inverse hyperbolic tangent.
    fn atanh(self) -> Self;

    /// The error function `2/√π · ∫₀ˣ e^(-t²) dt`.
    fn erf(self) -> Self;
    /// `1 - erf x`, accurate at large `x` too.
    fn erfc(self) -> Self;
    /// The cumulative distribution function of the standard normal distribution, `½·erfc(-x/√2)`.
    fn normal_cdf(self) -> Self;
}

/// Implements `Float` for a type: the methods listed here are the standard library's, the others are passed in.
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
                round() -> Self, round_ties_even() -> Self, trunc() -> Self, fract() -> Self,
                mul_add(a: Self, b: Self) -> Self, recip() -> Self, sqrt() -> Self, cbrt() -> Self,
                hypot(other: Self) -> Self, powi(n: i32) -> Self,
                sin() -> Self, cos() -> Self, asinh() -> Self, acosh() -> Self, atanh() -> Self);
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
    fn sinh(self) -> Self {
        math::sinh::single(self)
    }
    #[inline(always)]
    fn cosh(self) -> Self {
        math::sinh::cosh_single(self)
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        math::pow::single(self, exponent)
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        math::base::exp2(self)
    }
    #[inline(always)]
    fn log2(self) -> Self {
        math::base::log2(self)
    }
    #[inline(always)]
    fn log10(self) -> Self {
        math::base::log10(self)
    }
    #[inline(always)]
    fn tan(self) -> Self {
        libm::tan(f64::from(self)) as f32
    }
    #[inline(always)]
    fn asin(self) -> Self {
        libm::asin(f64::from(self)) as f32
    }
    #[inline(always)]
    fn acos(self) -> Self {
        libm::acos(f64::from(self)) as f32
    }
    #[inline(always)]
    fn atan(self) -> Self {
        libm::atan(f64::from(self)) as f32
    }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        libm::atan2(f64::from(self), f64::from(x)) as f32
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
    fn sinh(self) -> Self {
        math::sinh::double(self)
    }
    #[inline(always)]
    fn cosh(self) -> Self {
        math::sinh::cosh_double(self)
    }
    #[inline(always)]
    fn powf(self, exponent: Self) -> Self {
        f64::powf(self, exponent)
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        libm::exp2(self)
    }
    #[inline(always)]
    fn log2(self) -> Self {
        libm::log2(self)
    }
    #[inline(always)]
    fn log10(self) -> Self {
        libm::log10(self)
    }
    #[inline(always)]
    fn tan(self) -> Self {
        libm::tan(self)
    }
    #[inline(always)]
    fn asin(self) -> Self {
        libm::asin(self)
    }
    #[inline(always)]
    fn acos(self) -> Self {
        libm::acos(self)
    }
    #[inline(always)]
    fn atan(self) -> Self {
        libm::atan(self)
    }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        libm::atan2(self, x)
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
