//! Rules and schedules as text, for command lines and checkpoints: `adam`, `adam:lr=0.01,amsgrad`.

use std::fmt::Write;

use crate::options::OptionError;

/// Why a text could not be parsed as a rule or a schedule.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// There is no rule or schedule of that name.
    #[error("there is no {what} `{name}`; the {what}s are {}", .known.join(", "))]
    UnknownName {
        /// `rule` or `schedule`.
        what: &'static str,
        /// The name in the text.
        name: String,
        /// The known names.
        known: Vec<&'static str>,
    },
    /// The rule or schedule has no option of that name.
    #[error("{of}: there is no option `{option}`; the options are {}", .known.join(", "))]
    UnknownOption {
        /// The rule or schedule.
        of: &'static str,
        /// The name in the text.
        option: String,
        /// The known options.
        known: Vec<&'static str>,
    },
    /// An option is invalid.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The text is malformed.
    #[error("{0}")]
    Form(String),
}

impl TextError {
    /// The error of [`Options::set_option`](crate::Options::set_option) for an option that `of` does not have.
    pub fn unknown_option(of: &'static str, option: &str, known: &[&'static str]) -> Self {
        TextError::UnknownOption { of, option: option.to_owned(), known: known.to_vec() }
    }
}

/// Splits `name:option=value,flag` into the name and pairs of option and value. Commas inside brackets do not separate.
pub(crate) fn take_apart(text: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let pairs = split_outside_brackets(options, ',').map(str::trim).filter(|piece| !piece.is_empty()).map(|piece| {
        let (option, value) = piece.split_once('=').unwrap_or((piece, ""));
        (option.trim(), value.trim())
    });
    (name.trim(), pairs.collect())
}

/// Splits the text at separators outside brackets.
pub(crate) fn split_outside_brackets(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c: char| {
        depth += i32::from(matches!(c, '[' | '(')) - i32::from(matches!(c, ']' | ')'));
        c == separator && depth == 0
    })
}

/// The inverse of [`take_apart`].
pub(crate) fn put_together(name: &str, options: &[(&'static str, String)]) -> String {
    let mut text = name.to_owned();
    for (at, (option, value)) in options.iter().enumerate() {
        let separator = if at == 0 { ':' } else { ',' };
        write!(text, "{separator}{option}={value}").expect("writing to a string cannot fail");
    }
    text
}

/// Whether two names are equal up to case, `-` and `_`.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_at_commas_outside_brackets() {
        assert_eq!(take_apart("sgd"), ("sgd", vec![]));
        assert_eq!(take_apart("sgd:"), ("sgd", vec![]));
        let expected = vec![("milestones", "[1, 2]"), ("gamma", "0.5"), ("flag", "")];
        assert_eq!(take_apart(" multi_step : milestones=[1, 2], gamma = 0.5 ,flag"), ("multi_step", expected));
    }

    #[test]
    fn parentheses_are_brackets_too() {
        assert_eq!(take_apart("adam:betas=(0.9, 0.999),amsgrad").1, [("betas", "(0.9, 0.999)"), ("amsgrad", "")]);
    }

    #[test]
    fn names_are_compared_loosely() {
        assert!(same_name("RMSprop", "rms_prop") && same_name("adam-w", "AdamW"));
        assert!(!same_name("adam", "adamw"));
    }
}
