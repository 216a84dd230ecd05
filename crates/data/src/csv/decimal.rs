//! Exact comparison of decimal numbers.

use std::cmp::Ordering;

/// A decimal number of arbitrary size and precision: 2⁵³ and 2⁵³ + 1 differ, although they round to the same `f64`.
///
/// `2`, `+2`, `2.0`, `02` and `2e0` are equal, and so are `0` and `-0`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    /// -1, 0 or 1.
    sign: i8,
    /// From the first to the last nonzero digit, possibly with the decimal point among them.
    digits: &'a str,
    /// The power of ten by which 0.d₁d₂d₃... is multiplied.
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// Parses a number: an optional sign, at least one digit, an optional decimal point and exponent.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let Some(first) = mantissa.find(|c| c != '0' && c != '.') else {
            return Some(Decimal { sign: 0, digits: "", exponent: 0 });
        };
        // The exponent of the first nonzero digit. After the point, its index also counts the point.
        let before_point = whole.len() as i64 - first as i64;
        let shift = if before_point > 0 { before_point } else { before_point + 1 };
        Some(Decimal {
            sign: if text.starts_with('-') { -1 } else { 1 },
            digits: mantissa[first..].trim_end_matches(['0', '.']),
            exponent: exponent.checked_add(shift)?,
        })
    }

    fn magnitude(&self) -> (i64, impl Iterator<Item = u8> + use<'a>) {
        (self.exponent, self.digits.bytes().filter(|&digit| digit != b'.'))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((exponent, digits), (other_exponent, other_digits)) = (self.magnitude(), other.magnitude());
        let magnitude = || exponent.cmp(&other_exponent).then_with(|| digits.cmp(other_digits));
        self.sign.cmp(&other.sign).then_with(|| match self.sign {
            -1 => magnitude().reverse(),
            _ => magnitude(),
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal<'_> {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text:?} is a number"))
    }

    #[test]
    fn one_number_in_many_spellings() {
        for spellings in [
            &["2", "+2", "2.0", "2.", "02", "2e0", "0.2e1", "20e-1", "2E+00", " 2 ", "0.0002e4"][..],
            &["0", "-0", "+0", "0.0", "00", ".0", "0e7", "-0e-99999", "0."],
            &["-0.5", "-.5", "-5e-1", "-0.50", "-00.5", "-50e-2"],
            &["1000", "1e3", "1000.000", "0.001e6", "1E3", "10e2"],
            &["10.01", "1001e-2", "0010.0100", "1.001e1"],
            &["1e400", "10e399", "0.1e401"],
            &["9007199254740993", "9007199254740993.0", "9.007199254740993e15"],
        ] {
            for a in spellings {
                for b in spellings {
                    assert_eq!(number(a), number(b), "{a} and {b}");
                }
            }
        }
    }

    #[test]
    fn the_order_of_numbers() {
        let ascending = [
            "-1e400",
            "-1001",
            "-1000.5",
            "-1000",
            "-10",
            "-9.5",
            "-9",
            "-1",
            "-0.5",
            "-0.05",
            "-1e-400",
            "0",
            "1e-400",
            "0.05",
            "0.5",
            "0.51",
            "1",
            "1.5",
            "1.51",
            "2",
            "9",
            "10",
            "10.01",
            "10.1",
            "11",
            "100",
            "9007199254740992",
            "9007199254740993",
            "1e16",
            "1e400",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} and {b}");
            }
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            " ",
            "+",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "--1",
            "+-1",
            "1 2",
            "1e5.0",
            "0x10",
            "nan",
            "inf",
            "-inf",
            "infinity",
            "1e99999999999999999999",
            "١",
            "1_000",
            "1,5",
            "5f",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }
}
