//! The exponential minus one.
//!
//! With the reduction of [`exp`](super::exp), `eˣ - 1 = (2ᵏ - 1) + 2ᵏ·r + 2ᵏ·(eʳ - 1 - r)`. The first two terms are
//! exact (the first one as long as the 1 is not negligible), and the rounding error of their sum is added to the third.
//! For `k = 128`, `2ᵏ` would overflow, so half of everything is computed and doubled at the end.

use super::bits::{pow2_f32, pow2_f64};
use super::exp::{bend_f32, bend_f64, reduce_f32, reduce_f64};

/// `eˣ - 1`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    // Outside this range the result is -1 or inf anyway. `clamp` keeps NaN.
    let (k, r, c) = reduce_f32(x.clamp(-30.0, 89.0));
    let half = pow2_f32(k.wrapping_sub(1));
    let (base, step) = (half - 0.5, half * r);
    let sum = base + step;
    let part = sum - base;
    let lost = (base - (sum - part)) + (step - part);
    let y = 2.0 * (sum + (lost + half * (c + bend_f32(r))));
    // Half of a subnormal would not be exact, and -0 must stay -0.
    if x.abs() < 1e-9 { x } else { y }
}

/// `eˣ - 1`.
#[inline(always)]
pub(crate) fn double(x: f64) -> f64 {
    let (k, r, c) = reduce_f64(x.clamp(-60.0, 710.0));
    let half = pow2_f64(k.wrapping_sub(1));
    let (base, step) = (half - 0.5, half * r);
    let sum = base + step;
    let part = sum - base;
    let lost = (base - (sum - part)) + (step - part);
    let y = 2.0 * (sum + (lost + half * (c + bend_f64(r))));
    if x.abs() < 1e-18 { x } else { y }
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
        assert_within(1.14, single, f64::exp_m1);
        let table = [
            (-700.0, -1.0, 0.00),
            (-40.0, -1.0, 0.02),
            (-36.5, -0.9999999999999999, 0.27),
            (-20.5, -0.9999999987498471, -0.03),
            (-1.0, -0.6321205588285577, -0.11),
            (-0.7, -0.5034146962085905, 0.09),
            (-0.36, -0.3023236739289689, -0.30),
            (-0.001, -0.0009995001666250085, 0.45),
            (-1e-10, -9.999999999500001e-11, 0.26),
            (-1e-17, -1e-17, 0.03),
            (1e-300, 1e-300, 0.00),
            (1e-19, 1e-19, 0.00),
            (1e-09, 1.0000000005000001e-09, -0.36),
            (0.1, 0.10517091807564763, 0.13),
            (0.34657, 0.4142084849595797, -0.35),
            (0.34658, 0.4142226271151399, 0.44),
            (0.75, 1.1170000166126746, 0.48),
            (1.0, 1.7182818284590453, -0.35),
            (2.5, 11.182493960703473, 0.11),
            (12.161601078291483, 191299.55914453554, 0.21),
            (37.12097604615629, 1.3226199211421402e+16, -0.11),
            (88.7, 3.325986980250579e+38, -0.07),
            (709.5, 1.3549863193146328e+308, -0.01),
            (709.782712893384, 1.7976931348622732e+308, 0.11),
        ];
        assert_table(1.15, double, &table);
        assert_exact_table(exact::expm1, &table);
        assert_within_f64(1.15, 709.0, double, exact::expm1, |_| true);
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
                (inf, inf),
                (nan, nan),
                (-1e-45, -1e-45),
                (1e-40, 1e-40),
                (-200.0, -1.0),
                (89.0, inf),
                (1e38, inf),
            ],
        );
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_exact(
            double,
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (-inf, -1.0),
                (inf, inf),
                (nan, nan),
                (-5e-324, -5e-324),
                (-800.0, -1.0),
                (710.0, inf),
                (1e300, inf),
            ],
        );
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(double, f64::from);
    }
}
