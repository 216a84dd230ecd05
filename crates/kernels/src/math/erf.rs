//! The error function, its complement, and the normal CDF, for `f32`, computed in `f64`.
//!
//! `erfc |x| = e^(-x²)·G(t)` with `t = (|x| - 3) / (|x| + 3)` (the substitution of Schonfelder 1978, "Chebyshev
//! expansions for the error and related functions"), `erfc(-|x|) = 2 - erfc |x|`. Near 0, where `1 - erfc x` would lose
//! digits, `erf x = x·P(x²)`. `G` and `P` are minimax polynomials. The rounding errors of `x²` and of the differences
//! in `f64` are too small to matter in `f32`.
//!
//! For `f64`, other formulas would be needed, in more pieces; it uses the functions of `libm`.

use super::bits::polynomial;
use super::exp;

/// Minimax coefficients (Remez algorithm); the relative error of `erfc` from 0 to 10.06 is 2⁻²⁹·⁴.
const G: [f64; 11] = [
    0.1790011512582637,
    -0.3262335638227313,
    0.24560379827143225,
    -0.15011578166034556,
    0.07166585236881631,
    -0.02439424079922735,
    0.004268937449328797,
    0.0007158097977226553,
    -0.0005946504952565876,
    2.8705621688800775e-05,
    5.584165972532816e-05,
];
/// Minimax coefficients (Remez algorithm); the relative error of `erf` from 0 to 1 is 2⁻²⁹·⁶.
const P: [f64; 7] = [
    1.1283791657267437,
    -0.3761262582432219,
    0.11283585149302712,
    -0.026853811958106724,
    0.0051883277226099185,
    -0.0008010193912881139,
    7.853862218974664e-05,
];

/// `erfc |x|` with a relative error of 2⁻²⁷, where it is more than half of the smallest positive `f32`.
#[inline(always)]
fn tail(x: f64) -> f64 {
    // Above 10.1 the result is 0 in `f32`. `clamp` keeps NaN.
    let a = x.abs().clamp(0.0, 10.1);
    exp::rough(-a * a) * polynomial((a - 3.0) / (a + 3.0), G)
}

/// `erfc x`.
#[inline(always)]
fn complement(x: f64) -> f64 {
    let tail = tail(x);
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// `erf x`.
#[inline(always)]
pub(crate) fn single(x: f32) -> f32 {
    let x = f64::from(x);
    let near = x * polynomial(x * x, P);
    let far = (1.0 - tail(x)).copysign(x);
    (if x.abs() < 1.0 { near } else { far }) as f32
}

/// `erfc x`, accurate also where `1 - erf x` would cancel.
#[inline(always)]
pub(crate) fn complement_single(x: f32) -> f32 {
    complement(f64::from(x)) as f32
}

/// `½·erfc(-x/√2)`: the probability that a standard normal variable is below `x`.
#[inline(always)]
pub(crate) fn normal_cdf_single(x: f32) -> f32 {
    (0.5 * complement(f64::from(x) * -std::f64::consts::FRAC_1_SQRT_2)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{assert_exact, assert_same_everywhere, assert_within};

    #[test]
    fn within_its_bound() {
        assert_within(0.53, single, libm::erf);
        assert_within(0.58, complement_single, libm::erfc);
        assert_within(0.58, normal_cdf_single, |x| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2));
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_exact(single, &[(0.0, 0.0), (-0.0, -0.0), (-inf, -1.0), (inf, 1.0), (1e38, 1.0), (nan, nan)]);
        assert_exact(complement_single, &[(0.0, 1.0), (-0.0, 1.0), (-inf, 2.0), (inf, 0.0), (1e38, 0.0), (nan, nan)]);
        assert_exact(normal_cdf_single, &[(0.0, 0.5), (-0.0, 0.5), (-inf, 0.0), (inf, 1.0), (-1e38, 0.0), (nan, nan)]);
    }

    #[test]
    fn the_same_with_every_instruction_set() {
        assert_same_everywhere(single, |x| x);
        assert_same_everywhere(complement_single, |x| x);
        assert_same_everywhere(normal_cdf_single, |x| x);
    }
}
