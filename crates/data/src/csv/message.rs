//! What messages have in common: quoting, lists of names, and guessing the delimiter.

use std::path::Path;

use crate::DataError;

pub(super) fn in_line(path: &Path, line: usize, expected: impl Into<String>, found: impl Into<String>) -> DataError {
    DataError::Line { path: path.to_owned(), line, column: None, expected: expected.into(), found: found.into() }
}

/// A field for a message, quoted and truncated.
pub(crate) fn quote(field: &str) -> String {
    match field {
        "" => "an empty field".to_owned(),
        _ => cut(field),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

/// A list of names for a message: only the first of many, each truncated.
pub(crate) fn list<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const MOST: usize = 20;
    let count = names.len();
    let shown: Vec<String> = names.take(MOST).map(cut).collect();
    match count {
        0..=MOST => format!("[{}]", shown.join(", ")),
        count => format!("[{}, and {} more]", shown.join(", "), count - MOST),
    }
}

/// A hint, if a text that should be one field of many contains a usual delimiter other than `delimiter`.
pub(crate) fn is_the_delimiter(delimiter: char, text: &str) -> String {
    let usual = [';', ',', '\t', '|', ' '].into_iter().find(|&usual| usual != delimiter && text.contains(usual));
    match usual {
        None => String::new(),
        Some(' ') => " (if blanks separate the fields, set `Csv::delimiter` to ' ', for any run of them)".to_owned(),
        Some(usual) => format!(" (if {usual:?} separates the fields, set `Csv::delimiter`)"),
    }
}
