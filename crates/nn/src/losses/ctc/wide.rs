//! Non-negative numbers of any size, `m·2ᵉ`: products of thousands of probabilities, which would underflow as floats.
//!
//! Instead of logarithms, because adding two probabilities given as logarithms takes an exponential and a logarithm, and
//! adding these takes none. Everything in a loop is free of branches, so that the loop is vectorized.

use std::f64::consts::{LN_2, LOG2_E};

use downhill_tensor::Float;

/// `m·2ᵉ` with `1 ≤ m < 2` and an integer `e`, which is a float, so that it cannot overflow. 0 is `0·2^-∞`, and a NaN is
/// in `m`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wide {
    pub(super) m: f64,
    pub(super) e: f64,
}

impl Wide {
    pub(super) const ZERO: Wide = Wide { m: 0.0, e: f64::NEG_INFINITY };
    pub(super) const ONE: Wide = Wide { m: 1.0, e: 0.0 };

    /// `eˣ`.
    #[inline(always)]
    pub(super) fn exp(x: f64) -> Wide {
        // ln 2 in two parts: products of the first with integers of up to 20 bits are exact.
        const HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
        const LOW: f64 = 1.908_214_929_270_587_7e-10;
        let e = (x * LOG2_E).floor();
        // Between 0 and ln 2, except for rounding, which is large where `x` is.
        let rest = ((x - e * HIGH) - e * LOW).clamp(0.0, LN_2);
        let wide = Wide { m: Float::exp(rest), e }.normal();
        if x == f64::NEG_INFINITY { Wide::ZERO } else { wide }
    }

    /// The natural logarithm.
    pub(super) fn ln(self) -> f64 {
        if self.e.abs() < 1000.0 {
            // Accurate near 1, too.
            Float::ln(self.m * power_of_two(self.e))
        } else {
            Float::ln(self.m) + self.e * LN_2
        }
    }

    pub(super) fn sum(terms: impl IntoIterator<Item = Wide>) -> Wide {
        terms.into_iter().fold(Wide::ZERO, |sum, term| Wide::sum_of_3([sum, term, Wide::ZERO]))
    }

    #[inline(always)]
    pub(super) fn sum_of_3([a, b, c]: [Wide; 3]) -> Wide {
        let larger = |a: f64, b: f64| if a > b { a } else { b };
        let e = larger(larger(a.e, b.e), c.e);
        let m = |term: Wide| term.m * power_of_two(term.e - e);
        Wide { m: m(a) + m(b) + m(c), e }.normal()
    }

    #[inline(always)]
    pub(super) fn times(self, other: Wide) -> Wide {
        Wide { m: self.m * other.m, e: self.e + other.e }.normal()
    }

    /// `self / whole`, at most 1. `self.m` may be up to 4.
    #[inline(always)]
    pub(super) fn share_of(self, whole: Wide) -> f64 {
        self.m / whole.m * power_of_two(self.e - whole.e)
    }

    /// The same number with `1 ≤ m < 2`, unless it is 0 or not finite. `m` is not subnormal.
    #[inline(always)]
    fn normal(self) -> Wide {
        let bits = self.m.to_bits();
        let exponent = bits >> 52;
        // The integer in the last bits of 2⁵²: a conversion that every instruction set has vectors for.
        let shift = f64::from_bits(exponent | TWO_52.to_bits()) - (TWO_52 + 1023.0);
        let normal = Wide { m: f64::from_bits(bits & ((1 << 52) - 1) | (1023 << 52)), e: self.e + shift };
        let finite = if exponent == 0 { Wide::ZERO } else { normal };
        if exponent >= 2047 { self } else { finite }
    }
}

/// 2⁵², from which on all floats are integers.
const TWO_52: f64 = (1_u64 << 52) as f64;

/// `2ᵉ` for an integer `e` below 1024; 0 if it is below -1022 or NaN.
#[inline(always)]
fn power_of_two(e: f64) -> f64 {
    // The last bits of 1.5·2⁵² + e are those of the integer.
    let bits = (e + 1.5 * TWO_52).to_bits();
    let power = f64::from_bits(bits.wrapping_add(1023) << 52);
    if e > -1023.0 { power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Near 0 a logarithm is as accurate as the number near 1.
    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 4e-16 * b.abs().max(0.5) || a == b, "{a:e} is not {b:e}");
    }

    #[test]
    fn exponentials_and_logarithms() {
        for x in
            [0.0, -1e-9, -0.5, -0.693, -0.694, -1.0, -10.0, -700.0, -800.0, -1e4, -1e30, 3.0, 800.0, f64::NEG_INFINITY]
        {
            close(Wide::exp(x).ln(), x);
        }
        for x in [0.0, -0.1, -1.0, -20.0, -300.0_f64] {
            close(Wide::exp(x).share_of(Wide::ONE) / Float::exp(x), 1.0);
        }
        assert_eq!((Wide::exp(0.0), Wide::exp(f64::NEG_INFINITY)), (Wide::ONE, Wide::ZERO));
    }

    #[test]
    fn arithmetic() {
        let of = |x: f64| Wide::exp(x);
        close(Wide::sum([of(-1e4), of(-1e4), of(-1e4 - 2.0_f64.ln())]).ln(), -1e4 + 2.5_f64.ln());
        close(Wide::sum([of(-1e4), Wide::ZERO, of(-2e4)]).ln(), -1e4);
        assert_eq!(Wide::sum([]), Wide::ZERO);
        assert_eq!(Wide::sum([Wide::ZERO; 3]), Wide::ZERO);
        close(of(-1e4).times(of(-3.0)).ln(), -1e4 - 3.0);
        assert_eq!(of(-1.0).times(Wide::ZERO), Wide::ZERO);
        close(of(-1e4 - 1.0).share_of(of(-1e4)), Float::exp(-1.0));
        assert_eq!(of(-2e4).share_of(of(-1e4)), 0.0);
    }

    /// Below the smallest normal number they are 0: a term so much smaller than another adds nothing.
    #[test]
    fn powers_of_two() {
        for (e, power) in
            [(0.0, 1.0), (-1.0, 0.5), (3.0, 8.0), (-1022.0, f64::MIN_POSITIVE), (1022.0, 2.0_f64.powi(1022))]
        {
            assert_eq!(power_of_two(e), power);
        }
        for e in [-1023.0, -1024.0, -1050.0, -1100.0, -2046.0, -2047.0, -3071.0, -1e9, f64::NEG_INFINITY] {
            assert_eq!(power_of_two(e), 0.0, "{e}");
            let small = Wide { m: 1.5, e };
            assert_eq!(Wide::sum_of_3([small, Wide::ONE, small]), Wide::ONE, "{e}");
        }
    }

    #[test]
    fn nan_stays() {
        let nan = Wide::exp(f64::NAN);
        assert!(nan.ln().is_nan() && nan.times(Wide::ZERO).ln().is_nan());
        for sum in [[nan, Wide::ZERO], [Wide::ZERO, nan], [nan, Wide::ONE], [Wide::exp(1e3), nan]] {
            assert!(Wide::sum(sum).ln().is_nan(), "{sum:?}");
        }
        assert!(nan.share_of(Wide::ONE).is_nan() && Wide::ONE.share_of(nan).is_nan());
    }
}
