//! The hyperbolic tangent.
//!
//! `tanh |x| = |x| + |x|³·P(x²)` up to 0.625, with a minimax polynomial `P`, and `1 - 2 / (e^2|x| + 1)` above that
//! (where the result is above ½, so that the subtraction does not cancel); then the sign is restored.

use super::bits::{polynomial, pow2_f32, pow2_f64};
use super::exp;

/// Minimax coefficients (Remez algorithm); the relative error is 2⁻²⁷·⁷.
const P_F32: [f32; 5] = [-0.333332807, 0.133314043, -0.0537363142, 0.0206273329, -0.00569121027];
/// The same, with 2⁻⁶⁰·⁴.
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
/// Where the first formula ends and the second begins.
const MEETING: f64 = 0.625;

/// `tanh x`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let near = a + a * z * polynomial(z, P_F32);
    // From 9.02 on the result is 1. `clamp` keeps NaN.
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
    // From 19.1 on the result is 1. `clamp` keeps NaN.
    let (k, r, c) = exp::reduce_f64((2.0 * a).clamp(0.0, 40.0));
    let e = (1.0 + (r + (c + exp::bend_f64(r)))) * pow2_f64(k);
    let far = 1.0 - 2.0 / (e + 1.0);
    (if a < MEETING { near } else { far }).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::exact;
    use crate::math::testing::{
        assert_exact, assert_exact_table, assert_same_everywhere, assert_table, assert_within, assert_within_f64,
    };

    #[test]
    fn within_its_bound() {
        assert_within(1.4, single, f64::tanh);
        let table = [
            (-30.0, -1.0, 0.00),
            (-19.06, -0.9999999999999999, -0.50),
            (-2.2, -0.9757431300314515, -0.06),
            (-1e-10, -1e-10, 0.00),
            (5e-324, 5e-324, 0.00),
            (1e-300, 1e-300, 0.00),
            (1e-20, 1e-20, -0.00),
            (1e-09, 1e-09, -0.00),
            (0.001, 0.0009999996666668, 0.08),
            (0.1, 0.09966799462495582, 0.26),
            (0.3, 0.2913126124515909, -0.12),
            (0.5, 0.46211715726000974, 0.39),
            (0.6, 0.5370495669980353, -0.26),
            (0.6249999999999999, 0.5545997223493823, -0.41),
            (0.625, 0.5545997223493823, 0.28),
            (0.6280248789293348, 0.5566906922580893, -0.29),
            (0.6357221446413233, 0.5619797723384464, -0.27),
            (0.7, 0.6043677771171635, -0.25),
            (0.9, 0.7162978701990245, -0.32),
            (1.3, 0.8617231593133063, 0.31),
            (2.5, 0.9866142981514303, -0.22),
            (5.0, 0.9999092042625951, 0.21),
            (12.25, 0.9999999999542053, 0.04),
            (18.9, 0.9999999999999999, 0.31),
            (19.0615, 0.9999999999999999, 0.50),
        ];
        assert_table(1.4, double, &table);
        assert_exact_table(exact::tanh, &table);
        assert_within_f64(1.4, 22.0, double, exact::tanh, |_| true);
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            single,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-inf, -1.0),
                (inf, 1.0),
                (nan, nan),
                (-1e-45, -1e-45),
                (-10.0, -1.0),
                (1e38, 1.0),
            ],
        );
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-inf, -1.0),
                (inf, 1.0),
                (nan, nan),
                (-5e-324, -5e-324),
                (-20.0, -1.0),
                (1e300, 1.0),
            ],
        );
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
    }
}
