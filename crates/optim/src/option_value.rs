//! Types of options: how values are parsed from text and written back.

use crate::options::OptionError;
use crate::text::TextError;

/// The type of an option: how it is parsed from text and written as text that parses to the same value.
///
/// For an enum without fields it is derived by [`#[derive(Options)]`](derive@crate::Options). The text may contain commas and
/// semicolons only inside brackets.
pub trait OptionValue: Sized {
    /// What the text must be, for error messages (`must be {MUST}`).
    const MUST: &'static str;

    /// Parses the text; `None` if it is not a valid value.
    fn read(text: &str) -> Option<Self>;

    /// The value as text.
    fn write(&self) -> String;

    /// Parses the value of the option `option` of the rule or schedule `of`.
    ///
    /// # Errors
    /// If the text is not a valid value, naming the option and what it must be.
    fn read_option(of: &'static str, option: &'static str, text: &str) -> Result<Self, TextError> {
        let must = || OptionError { of, option, must: Self::MUST.to_owned(), got: format!("`{text}`") };
        Self::read(text).ok_or_else(|| must().into())
    }
}

macro_rules! numbers {
    ($($Type:ty: $must:literal, $or_none:literal;)*) => {$(
        impl OptionValue for $Type {
            const MUST: &'static str = $must;

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn write(&self) -> String {
                // For a float, `{:?}` is the shortest text that parses to the same number.
                format!("{self:?}")
            }
        }

        impl OptionValue for Option<$Type> {
            const MUST: &'static str = $or_none;

            fn read(text: &str) -> Option<Self> {
                if text == "none" { Some(None) } else { <$Type>::read(text).map(Some) }
            }

            fn write(&self) -> String {
                self.map_or("none".to_owned(), |value| value.write())
            }
        }
    )*};
}

numbers! {
    f32: "a number", "a number or none";
    f64: "a number", "a number or none";
    u32: "a non-negative integer", "a non-negative integer or none";
    u64: "a non-negative integer", "a non-negative integer or none";
    usize: "a non-negative integer", "a non-negative integer or none";
}

/// A flag given without a value is true.
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

impl<T: OptionValue> OptionValue for Vec<T> {
    const MUST: &'static str = "a list of numbers, as in [1,2,3]";

    fn read(text: &str) -> Option<Self> {
        inside_brackets(text)?.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::read).collect()
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

/// Several options in parentheses, `(0.9,0.999)`, which are a single tuple option in PyTorch.
macro_rules! tuples {
    ($($($T:ident $x:ident)*;)*) => {$(
        impl<$($T: OptionValue),*> OptionValue for ($($T,)*) {
            const MUST: &'static str = concat!(tuples!(@count $($T)*), " values in parentheses, separated by commas");

            fn read(text: &str) -> Option<Self> {
                let mut items = inside_brackets(text)?.split(',').map(str::trim);
                let values = ($($T::read(items.next()?)?,)*);
                items.next().is_none().then_some(values)
            }

            fn write(&self) -> String {
                let ($($x,)*) = self;
                format!("({})", [$($x.write()),*].join(","))
            }
        }
    )*};
    (@count $A:ident $B:ident) => { "two" };
    (@count $A:ident $B:ident $C:ident) => { "three" };
}

tuples! {
    A a B b;
    A a B b C c;
}

/// The text between `[` and `]`, or between `(` and `)` as in a Python tuple.
fn inside_brackets(text: &str) -> Option<&str> {
    let square = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    square.or_else(|| text.strip_prefix('(')?.strip_suffix(')'))
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    fn round_trip<T: OptionValue + PartialEq + fmt::Debug>(values: &[T]) {
        for value in values {
            assert_eq!(T::read(&value.write()).as_ref(), Some(value), "{}", value.write());
        }
    }

    #[test]
    fn values_round_trip() {
        round_trip(&[0.1, 1e-300, -3.0, 1.0 / 3.0, f64::INFINITY, 123_456_789.0]);
        round_trip(&[None, Some(0.1)]);
        round_trip(&[None, Some(7_u64)]);
        round_trip(&[true, false]);
        round_trip(&[vec![1_u64, 20], vec![]]);
        round_trip(&[[3.4445, -4.775, 2.0315]]);
    }

    #[test]
    fn python_lists_and_tuples() {
        assert_eq!(<[f64; 2]>::read("(0.9, 0.999)"), Some([0.9, 0.999]));
        assert_eq!(Vec::<u64>::read("(3,)"), Some(vec![3]));
        assert_eq!(Vec::<u64>::read("()"), Some(vec![]));
        assert_eq!(<(Option<f64>, f64)>::read("(none, 1e-3)"), Some((None, 1e-3)));
        round_trip(&[(Some(0.5), 7_u64), (None, 0)]);
        round_trip(&[(1_u64, 0.5, true)]);
        for text in ["(1)", "(1,2,3)", "1,2", "(,)", "()"] {
            assert_eq!(<(f64, f64)>::read(text), None, "{text}");
        }
    }

    #[test]
    fn invalid_values_are_rejected() {
        assert_eq!(f64::read("fast"), None);
        assert_eq!(u64::read("1.5"), None);
        assert_eq!(bool::read("yes"), None);
        assert_eq!(<[f64; 3]>::read("[1,2]"), None);
        for text in ["1,2", "[1,2", "[1,2)", "(1,2]", "1,2)"] {
            assert_eq!(Vec::<u64>::read(text), None, "{text}");
        }
    }
}
