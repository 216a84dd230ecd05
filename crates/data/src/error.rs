//! The errors of reading data files.

use std::io;
use std::path::{Path, PathBuf};

/// Why a data file could not be read.
///
/// Every message names the file, what was expected and what was found instead.
///
/// ```
/// use downhill_data::{DataError, Mnist};
/// let error = Mnist::load("no/such/place").unwrap_err();
/// assert!(matches!(error, DataError::Missing { .. }));
/// assert!(error.to_string().starts_with("no/such/place: no such file or directory, expected a directory"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file does not exist.
    #[error("{}: no such file or directory, expected {expected}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// What was expected there, with alternative names.
        expected: String,
    },

    /// The file could not be read.
    #[error("{}: expected a readable file, found an I/O error: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error from the operating system.
        source: io::Error,
    },

    /// The content of the file is not as expected.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },

    /// A line of a table is not as expected.
    #[error("{}, line {line}{}: expected {expected}, found {found}", path.display(), in_column(column))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line number, from 1.
        line: usize,
        /// The column, if the error is in a single one: its name if the table has a header, and its index from 0.
        column: Option<String>,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}

impl DataError {
    pub(crate) fn content(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        DataError::Content { path: path.to_owned(), expected: expected.into(), found: found.into() }
    }
}

fn in_column(column: &Option<String>) -> String {
    column.as_ref().map_or_else(String::new, |column| format!(", column {column}"))
}
