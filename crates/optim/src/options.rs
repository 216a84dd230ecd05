//! Options of rules and schedules: that they make sense, and how they are written as text.

use std::fmt;

/// An option of a rule or a schedule that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{of}: {option} must be {must}, got {got}")]
pub struct OptionError {
    /// The rule or schedule, as its type is called.
    pub of: &'static str,
    /// The field.
    pub option: &'static str,
    /// What it must be.
    pub must: String,
    /// What it was.
    pub got: String,
}

/// An error unless `ok`. Written as a condition that NaN fails.
pub(crate) fn require(
    ok: bool,
    of: &'static str,
    option: &'static str,
    must: impl Into<String>,
    got: impl fmt::Display,
) -> Result<(), OptionError> {
    if ok { Ok(()) } else { Err(OptionError { of, option, must: must.into(), got: got.to_string() }) }
}

/// An error unless every `(option, value)` is finite and not negative.
pub(crate) fn non_negative(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| {
        require(value != f64::INFINITY, of, option, "finite", value)?;
        require(value >= 0.0, of, option, "≥ 0", value)
    })
}

/// An error unless every `(option, value)` is finite and above 0.
pub(crate) fn positive(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| {
        require(value != f64::INFINITY, of, option, "finite", value)?;
        require(value > 0.0, of, option, "above 0", value)
    })
}

/// An error unless a list, such as the rates of groups, holds finite numbers that are not negative.
pub(crate) fn all_non_negative(of: &'static str, option: &'static str, list: &[f64]) -> Result<(), OptionError> {
    let fits = list.iter().all(|value| (0.0..f64::INFINITY).contains(value));
    require(fits, of, option, "finite numbers ≥ 0", list.to_vec().write())
}

/// An error unless every `(option, value)` is at least 0 and below 1: the decay of a running mean.
pub(crate) fn fraction(of: &'static str, options: &[(&'static str, f64)]) -> Result<(), OptionError> {
    options.iter().try_for_each(|&(option, value)| require((0.0..1.0).contains(&value), of, option, "in [0, 1)", value))
}

/// A type of option: how it is read from text and written, so that reading gives back the same value.
pub(crate) trait OptionValue: Sized {
    /// What the text must be, for error messages.
    const MUST: &'static str;
    fn read(text: &str) -> Option<Self>;
    fn write(&self) -> String;
}

impl OptionValue for f64 {
    const MUST: &'static str = "a number";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        // The shortest text that reads as the same number.
        format!("{self:?}")
    }
}

impl OptionValue for u64 {
    const MUST: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// Named alone, a flag is on.
impl OptionValue for bool {
    const MUST: &'static str = "true or false";

    fn read(text: &str) -> Option<Self> {
        match text {
            "" | "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl OptionValue for Option<f64> {
    const MUST: &'static str = "a number or none";

    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(None) } else { f64::read(text).map(Some) }
    }

    fn write(&self) -> String {
        self.map_or("none".to_owned(), |value| value.write())
    }
}

impl OptionValue for Option<u64> {
    const MUST: &'static str = "a whole number or none";

    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(None) } else { u64::read(text).map(Some) }
    }

    fn write(&self) -> String {
        self.map_or("none".to_owned(), |value| value.to_string())
    }
}

impl<T: OptionValue> OptionValue for Vec<T> {
    const MUST: &'static str = "a list of numbers, as in [1,2,3]";

    fn read(text: &str) -> Option<Self> {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::read).collect()
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(T::write).collect();
        format!("[{}]", items.join(","))
    }
}

impl<T: OptionValue, const N: usize> OptionValue for [T; N] {
    const MUST: &'static str = Vec::<T>::MUST;

    fn read(text: &str) -> Option<Self> {
        Vec::read(text)?.try_into().ok()
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(T::write).collect();
        format!("[{}]", items.join(","))
    }
}

/// An option that is one of a few names, each a variant without fields.
macro_rules! named_option {
    ($Type:ident { $($Variant:ident = $name:literal),* $(,)? }) => {
        impl $crate::options::OptionValue for $Type {
            const MUST: &'static str = named_option!(@list $($name)*);

            fn read(text: &str) -> Option<Self> {
                match text {
                    $($name => Some($Type::$Variant),)*
                    _ => None,
                }
            }

            fn write(&self) -> String {
                match self {
                    $($Type::$Variant => $name.to_owned(),)*
                }
            }
        }
    };
    (@list $first:literal $($name:literal)*) => { concat!("one of ", $first $(, ", ", $name)*) };
}
pub(crate) use named_option;

/// The methods `name`, `options` and `set_option` of a rule or schedule.
macro_rules! options {
    ($Type:ident { $($field:ident),* $(,)? }) => {
        fn name(&self) -> &'static str {
            stringify!($Type)
        }

        fn options(&self) -> Vec<(&'static str, String)> {
            vec![$((stringify!($field), $crate::options::OptionValue::write(&self.$field))),*]
        }

        fn set_option(&mut self, option: &str, value: &str) -> Result<(), $crate::TextError> {
            match option {
                $(stringify!($field) => {
                    self.$field = $crate::text::read_option(stringify!($Type), stringify!($field), value)?;
                })*
                _ => {
                    let known = &[$(stringify!($field)),*];
                    return Err($crate::TextError::unknown_option(stringify!($Type), option, known));
                }
            }
            Ok(())
        }
    };
}
pub(crate) use options;

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: OptionValue + PartialEq + fmt::Debug>(values: &[T]) {
        for value in values {
            assert_eq!(T::read(&value.write()).as_ref(), Some(value), "{}", value.write());
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same_value() {
        round_trip(&[0.1, 1e-300, -3.0, 1.0 / 3.0, f64::INFINITY, 123_456_789.0]);
        round_trip(&[None, Some(0.1)]);
        round_trip(&[None, Some(7_u64)]);
        round_trip(&[true, false]);
        round_trip(&[vec![1_u64, 20], vec![]]);
        round_trip(&[[3.4445, -4.775, 2.0315]]);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        assert_eq!(f64::read("fast"), None);
        assert_eq!(u64::read("1.5"), None);
        assert_eq!(bool::read("yes"), None);
        assert_eq!(<[f64; 3]>::read("[1,2]"), None);
        assert_eq!(Vec::<u64>::read("1,2"), None);
    }
}
