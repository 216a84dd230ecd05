//! The natural logarithm of `1 + x`.
//!
//! The rounded sum `u = 1 + x` is reduced as in [`ln`](super::ln) to `2ᵏ·(1 + f)`. If `k = 0`, `x` itself is used as
//! `f`, without a rounding error; otherwise `ln(1 + x) = ln u + c/u`, where `c` is the rounding error of `u`.

use super::ln::{join_f32, join_f64, reduce_f32, reduce_f64};

/// `ln(1 + x)`: -inf at -1, NaN below.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let u = 1.0 + x;
    let (k, f) = reduce_f32(u);
    let part = u - x;
    let lost = (x - (u - part)) + (1.0 - part);
    let near = k == 0.0;
    let y = join_f32(k, if near { x } else { f }, if near { 0.0 } else { lost / u });
    // inf and -0 are returned unchanged.
    let end = if x == -1.0 {
        f32::NEG_INFINITY
    } else if x > -1.0 {
        x
    } else {
        f32::NAN
    };
    if x > -1.0 && x < f32::INFINITY && x != 0.0 { y } else { end }
}

/// `ln(1 + x)`: -inf at -1, NaN below.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let u = 1.0 + x;
    let (k, f) = reduce_f64(u);
    let part = u - x;
    let lost = (x - (u - part)) + (1.0 - part);
    let near = k == 0.0;
    let y = join_f64(k, if near { x } else { f }, if near { 0.0 } else { lost / u });
    let end = if x == -1.0 {
        f64::NEG_INFINITY
    } else if x > -1.0 {
        x
    } else {
        f64::NAN
    };
    if x > -1.0 && x < f64::INFINITY && x != 0.0 { y } else { end }
}

#[cfg(test)]
#[allow(clippy::approx_constant)] // Entries of a table.
mod tests {
    use super::*;
    use crate::math::exact;
    use crate::math::testing::{
        assert_exact, assert_exact_table, assert_same_everywhere, assert_table, assert_within, assert_within_f64,
    };

    #[test]
    fn within_its_bound() {
        assert_within(0.9, single, f64::ln_1p);
        let table = [
            (-0.9999999999999999, -36.7368005696771, -0.09),
            (-0.999, -6.907755278982136, -0.27),
            (-0.5, -0.6931471805599453, -0.21),
            (-0.29405567488208106, -0.3482189042048243, -0.17),
            (-0.2928932188134524, -0.3465735902799726, 0.02),
            (-0.1, -0.10536051565782631, 0.12),
            (-0.001, -0.0010005003335835335, -0.11),
            (-1e-10, -1.00000000005e-10, -0.26),
            (-1e-17, -1e-17, -0.03),
            (5e-324, 5e-324, 0.00),
            (1e-300, 1e-300, 0.00),
            (1e-16, 1e-16, -0.41),
            (1e-09, 9.999999995e-10, 0.36),
            (0.001, 0.0009995003330835331, 0.18),
            (0.1, 0.09531017980432487, -0.03),
            (0.414213562373095, 0.3465735902799726, 0.32),
            (0.4142135623730952, 0.34657359027997275, 0.15),
            (0.75, 0.5596157879354227, 0.24),
            (1.0, 0.6931471805599453, 0.21),
            (2.5, 1.252762968495368, -0.27),
            (12.3, 2.5877640352277083, -0.28),
            (9007199254740992.0, 36.7368005696771, 0.11),
            (1e+20, 46.051701859880914, -0.11),
            (1e+200, 460.51701859880916, -0.39),
            (1.7976931348623157e+308, 709.782712893384, 0.21),
        ];
        assert_table(0.85, double, &table);
        assert_exact_table(exact::log1p, &table);
        assert_within_f64(0.85, 1e308, double, exact::log1p, |x| x > -1.0);
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            single,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-1.0, -inf),
                (inf, inf),
                (-inf, nan),
                (nan, nan),
                (-1e-45, -1e-45),
                (-1.0000001, nan),
                (-1e38, nan),
            ],
        );
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-1.0, -inf),
                (inf, inf),
                (-inf, nan),
                (nan, nan),
                (-5e-324, -5e-324),
                (-1.0000000000000002, nan),
                (-1e300, nan),
            ],
        );
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
    }
}
