//! The hyperbolic sine and cosine.
//!
//! With `t = e^|x| - 1`, `sinh |x| = ½·(t + t/(t + 1))`, which does not cancel near 0; and with `h = ½·e^|x|`, `cosh x
//! = h + ¼/h`. From 22 on, where the second term of either is below half a unit in the last place, both are `h`, which
//! is finite for as long as they are.

use super::{exp, expm1};

/// From here on `sinh x = ½·eˣ` to all digits.
const FAR: f64 = 22.0;

/// `sinh x`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let a = x.abs();
    let t = expm1::single(a);
    let near = 0.5 * (t + t / (t + 1.0));
    // NaN fails the comparison, and both arms keep it.
    (if a < FAR as f32 { near } else { exp::half_single(a) }).copysign(x)
}

/// `sinh x`.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let a = x.abs();
    let t = expm1::double(a);
    let near = 0.5 * (t + t / (t + 1.0));
    (if a < FAR { near } else { exp::half_double(a) }).copysign(x)
}

/// `cosh x`.
#[inline(always)]
pub(crate) fn cosh_single(x: f32) -> f32 {
    let h = exp::half_single(x.abs());
    h + 0.25 / h
}

/// `cosh x`.
#[inline(always)]
pub(crate) fn cosh_double(x: f64) -> f64 {
    let h = exp::half_double(x.abs());
    h + 0.25 / h
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
        assert_within(2.0, single, f64::sinh);
        assert_within(1.25, cosh_single, f64::cosh);
        let table = [
            (-705.5, -1.2408720061870939e+306, -0.36),
            (-30.25, -6860852488732.453, 0.48),
            (-21.9, -1621881641.7888238, -0.50),
            (-2.2, -4.457105170535894, -0.19),
            (-1e-10, -1e-10, -0.00),
            (5e-324, 5e-324, 0.00),
            (1e-300, 1e-300, 0.00),
            (1e-20, 1e-20, 0.00),
            (1e-09, 1e-09, 0.00),
            (0.001, 0.001000000166666675, -0.16),
            (0.1, 0.10016675001984403, 0.24),
            (0.3, 0.3045202934471426, 0.17),
            (0.5, 0.5210953054937474, -0.21),
            (0.6931471805599453, 0.75, -0.26),
            (0.7, 0.7585837018395335, -0.45),
            (1.0, 1.1752011936438014, 0.35),
            (1.3, 1.698382437292616, -0.26),
            (2.5, 6.0502044810397875, -0.17),
            (5.0, 74.20321057778875, 0.47),
            (12.25, 104490.64443246392, 0.42),
            (21.999, 1790664862.5722713, -0.35),
            (22.0, 1792456423.065796, -0.49),
            (35.5, 1307447057222848.2, 0.21),
            (710.4, 1.6663642832806496e+308, 0.03),
        ];
        assert_table(2.0, double, &table);
        assert_exact_table(exact::sinh, &table[1..table.len() - 1]);
        assert_within_f64(2.0, 36.0, double, exact::sinh, |_| true);
        let table = [
            (-705.5, 1.2408720061870939e+306, 0.36),
            (-30.25, 6860852488732.453, -0.48),
            (-21.9, 1621881641.7888238, 0.50),
            (-2.2, 4.567908328898228, 0.40),
            (-1e-10, 1.0, 0.00),
            (1e-20, 1.0, 0.00),
            (1e-09, 1.0, 0.00),
            (0.001, 1.0000005000000416, 0.34),
            (0.1, 1.0050041680558035, 0.43),
            (0.3, 1.0453385141288605, 0.03),
            (0.5, 1.1276259652063807, 0.39),
            (0.6931471805599453, 1.25, -0.08),
            (0.7, 1.255169005630943, -0.18),
            (1.0, 1.5430806348152437, 0.30),
            (1.3, 1.9709142303266285, -0.02),
            (2.5, 6.132289479663686, 0.40),
            (5.0, 74.20994852478785, -0.23),
            (12.25, 104490.64443724904, 0.18),
            (21.999, 1790664862.5722713, -0.35),
            (22.0, 1792456423.065796, -0.49),
            (35.5, 1307447057222848.2, 0.21),
            (710.4, 1.6663642832806496e+308, 0.03),
        ];
        assert_table(1.3, cosh_double, &table);
        assert_exact_table(exact::cosh, &table[1..table.len() - 1]);
        assert_within_f64(1.3, 36.0, cosh_double, exact::cosh, |_| true);
    }

    /// The exponential overflows before its half does.
    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(
            single,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-inf, -inf),
                (inf, inf),
                (nan, nan),
                (-1e-45, -1e-45),
                (89.5, inf),
                (1e38, inf),
            ],
        );
        assert_exact(cosh_single, &[(0.0, 1.0), (-inf, inf), (inf, inf), (nan, nan), (1e-45, 1.0), (-89.5, inf)]);
        assert!(single(-89.3) > f32::MIN && cosh_single(89.3) < f32::MAX);
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-inf, -inf),
                (inf, inf),
                (nan, nan),
                (-5e-324, -5e-324),
                (710.5, inf),
                (1e300, inf),
            ],
        );
        assert_exact(cosh_double, &[(0.0, 1.0), (-inf, inf), (inf, inf), (nan, nan), (5e-324, 1.0), (-710.5, inf)]);
        assert!(double(-710.4) > f64::MIN && cosh_double(710.4) < f64::MAX);
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
        assert_same_everywhere(cosh_single, |x| x);
        assert_same_everywhere(cosh_double, f64::from);
    }
}
