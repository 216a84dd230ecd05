//! The hyperbolic tangent.
//!
//! `tanh |x| = |x| + |x|³·P(x²)` up to 0.625, with a minimax polynomial `P`, and `1 - 2 / (e^2|x| + 1)` above (where
//! `½ < tanh`, so that the difference rounds once); the sign is put back.

use super::bits::{polynomial, pow2_f32, pow2_f64};
use super::exp;

/// Remez exchange for the relative error: 2⁻²⁷·⁷.
const P_F32: [f32; 5] = [-0.333332807, 0.133314043, -0.0537363142, 0.0206273329, -0.00569121027];
/// The same: 2⁻⁶⁰·⁴.
const P_F64: [f64; 12] = [
    -0.33333333333333315,
    0.13333333333329958,
    -0.05396825396614702,
    0.021869488470615907,
    -0.008863234337239172,
    0.0035921142059058826,
    -0.0014557270949394174,
    0.000589456098043603,
    -0.00023702245367582473,
    9.157547295735773e-05,
    -3.020288002052094e-05,
    6.048772930188913e-06,
];
/// Where the two formulas meet.
const MEETING: f64 = 0.625;

/// `tanh x`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let near = a + a * z * polynomial(z, P_F32);
    // From 9.02 on the result is 1. NaN stays.
    let (k, r, c) = exp::reduce_f32((2.0 * a).clamp(0.0, 20.0));
    let e = (1.0 + (r + (c + exp::bend_f32(r)))) * pow2_f32(k);
    let far = 1.0 - 2.0 / (e + 1.0);
    (if a < MEETING as f32 { near } else { far }).copysign(x)
}

/// `tanh x`.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let near = a + a * z * polynomial(z, P_F64);
    // From 19.1 on the result is 1. NaN stays.
    let (k, r, c) = exp::reduce_f64((2.0 * a).clamp(0.0, 40.0));
    let e = (1.0 + (r + (c + exp::bend_f64(r)))) * pow2_f64(k);
    let far = 1.0 - 2.0 / (e + 1.0);
    (if a < MEETING { near } else { far }).copysign(x)
}
