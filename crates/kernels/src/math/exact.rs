//! References for tests: the functions of this folder accurate to about 100 bits, from their Taylor series in
//! double-double arithmetic (Dekker, "A floating-point technique for extending the available precision", 1971).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// The unevaluated sum of two floats; the second is at most half a unit in the last place of the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub(super) f64, pub(super) f64);

/// ln 2 in three parts; the first has so few bits that its product with an exponent is exact.
const LN_2: [f64; 3] = [6.93147180369123816490e-1, 1.9082149292705877e-10, 1.1612227229362532e-26];

/// The exact sum: the rounded one and its rounding error (Knuth's TwoSum).
fn two_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    let part = sum - a;
    Double(sum, (a - (sum - part)) + (b - part))
}

/// Splits the mantissa into two halves (Veltkamp).
fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a;
    let high = c - (c - a);
    (high, a - high)
}

/// The exact product: the rounded one and its rounding error.
fn two_product(a: f64, b: f64) -> Double {
    let product = a * b;
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    Double(product, ((ah * bh - product) + ah * bl + al * bh) + al * bl)
}

impl From<f64> for Double {
    fn from(x: f64) -> Self {
        Double(x, 0.0)
    }
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (two_sum(self.0, other.0), two_sum(self.1, other.1));
        let sum = two_sum(high.0, high.1 + low.0);
        two_sum(sum.0, sum.1 + low.1)
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Double(-self.0, -self.1)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = two_product(self.0, other.0);
        two_sum(product.0, product.1 + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.0 / other.0;
        let rest = self - other * quotient.into();
        let next = rest.0 / other.0;
        let rest = rest - other * next.into();
        two_sum(quotient, next) + Double(rest.0 / other.0, 0.0)
    }
}

/// A value times a power of two, so that it neither overflows nor underflows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    value: Double,
    exponent: i32,
}

/// `x·2ᵏ`, in two steps, because `2ᵏ` alone may overflow.
fn scale(x: f64, k: i32) -> f64 {
    x * 2.0_f64.powi(k / 2) * 2.0_f64.powi(k - k / 2)
}

impl Exact {
    /// How far `got` is from this value, in units in the last place.
    pub(super) fn ulps(self, got: f64) -> f64 {
        let Exact { value, exponent } = self;
        let place = ((value.0.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        let unit = 2.0_f64.powi((place + exponent).max(-1022) - 52 - exponent);
        let got = Double::from(scale(got, -exponent));
        ((got - value).0 / unit).abs()
    }
}

impl From<Double> for Exact {
    fn from(value: Double) -> Self {
        Exact { value, exponent: 0 }
    }
}

/// `(eʳ - 1, k)` with `x = k·ln 2 + r`.
fn reduced(x: f64) -> (Double, i32) {
    let k = (x / LN_2[0]).round();
    let r = two_sum(x - k * LN_2[0], 0.0) - two_product(k, LN_2[1]) - two_product(k, LN_2[2]);
    // A 32nd of `r` is below 0.011, so the 15th term of the series is below 2⁻¹⁴⁰ of the first.
    let r = Double(r.0 / 32.0, r.1 / 32.0);
    let mut bend = Double::from(1.0);
    for n in (2..=16).rev() {
        bend = Double::from(1.0) + bend * r / Double::from(f64::from(n));
    }
    let mut e = r * bend;
    // Undo the division by 32: `e²ʳ - 1 = (eʳ - 1)·(eʳ + 1)`, five times.
    for _ in 0..5 {
        e = e * (e + 2.0.into());
    }
    (e, k as i32)
}

pub(super) fn exp(x: f64) -> Exact {
    let (e, exponent) = reduced(x);
    Exact { value: e + 1.0.into(), exponent }
}

/// For tiny `x`, the value of the functions that are `x + O(x²)`, to all digits: `x`.
fn nothing_but(x: f64) -> Option<Exact> {
    (x.abs() < 1e-100).then(|| Exact { value: scale(x, 600).into(), exponent: -600 })
}

pub(super) fn expm1(x: f64) -> Exact {
    if let Some(x) = nothing_but(x) {
        return x;
    }
    let (e, exponent) = reduced(x);
    if exponent == 0 {
        return e.into();
    }
    // From 2¹²⁰ on, the 1 is below the rounding error.
    let one = if exponent < 120 { scale(1.0, -exponent.max(-120)) } else { 0.0 };
    if exponent < -110 {
        return (scaled(e + 1.0.into(), exponent) - 1.0.into()).into();
    }
    Exact { value: e + 1.0.into() - one.into(), exponent }
}

fn scaled(x: Double, k: i32) -> Double {
    Double(scale(x.0, k), scale(x.1, k))
}

/// `ln(1 + f)` for a small `f`: a Newton step from the standard library's value, which squares the error.
fn log_near_one(f: Double) -> Double {
    let guess = f.0.ln_1p();
    let (e, k) = reduced(guess);
    let e = if k == 0 { e } else { scaled(e + 1.0.into(), k) - 1.0.into() };
    let r = (f - e) / (e + 1.0.into());
    Double::from(guess) + r - r * r * 0.5.into()
}

/// `ln(a + b)`, where `b` is less than a unit in the last place of `a`.
fn log(a: f64, b: f64) -> Exact {
    let (a, b, shift) = if a < f64::MIN_POSITIVE { (a * 2.0_f64.powi(60), b, 60) } else { (a, b, 0) };
    let place = ((a.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let k = if scale(a, -place) < std::f64::consts::SQRT_2 { place } else { place + 1 };
    let near = log_near_one(Double::from(scale(a, -k)) - 1.0.into() + scale(b, -k).into());
    let k = f64::from(k - shift);
    (Double::from(k * LN_2[0]) + two_product(k, LN_2[1]) + two_product(k, LN_2[2]) + near).into()
}

pub(super) fn ln(x: f64) -> Exact {
    log(x, 0.0)
}

pub(super) fn log1p(x: f64) -> Exact {
    if let Some(x) = nothing_but(x) {
        return x;
    }
    if x.abs() < 0.25 {
        return log_near_one(x.into()).into();
    }
    let sum = two_sum(1.0, x);
    log(sum.0, sum.1)
}

/// For `|x|` up to 40.
pub(super) fn tanh(x: f64) -> Exact {
    if let Some(x) = nothing_but(x) {
        return x;
    }
    let (e, k) = reduced(2.0 * x);
    let e = if k == 0 { e } else { scaled(e + 1.0.into(), k) - 1.0.into() };
    (e / (e + 2.0.into())).into()
}

/// Half the sum (`sign` 1) or difference (`sign` -1) of `eˣ` and its inverse, for `|x|` up to 40.
fn hyperbolic(x: f64, sign: f64) -> Exact {
    let (e, k) = reduced(x);
    let e = scaled(e + 1.0.into(), k);
    ((e + Double::from(sign) / e) * 0.5.into()).into()
}

/// For `|x|` up to 40.
pub(super) fn sinh(x: f64) -> Exact {
    if let Some(x) = nothing_but(x) {
        return x;
    }
    let (e, k) = reduced(x);
    if k != 0 {
        return hyperbolic(x, -1.0);
    }
    // From `eˣ - 1`, which does not cancel.
    ((e + e / (e + 1.0.into())) * 0.5.into()).into()
}

/// For `|x|` up to 40.
pub(super) fn cosh(x: f64) -> Exact {
    hyperbolic(x, 1.0)
}
