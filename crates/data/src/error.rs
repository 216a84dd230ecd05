//! What can be wrong with a file of data, and how it is said.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file of data could not be used.
///
/// Every message names the file, what was expected of it and what was found instead.
///
/// ```
/// use downhill_data::{DataError, Mnist};
/// let error = Mnist::load("no/such/place").unwrap_err();
/// assert!(matches!(error, DataError::Missing { .. }));
/// assert!(error.to_string().starts_with("no/such/place: expected a directory"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Nothing is there.
    #[error("{}: expected {expected}, found nothing of that name", path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// What it should have been, with the other names that would have done.
        expected: String,
    },

    /// The operating system would not let it be read.
    #[error("{}: expected a readable file, found an error: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// It can be read, and its bytes are not what they should be.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
    },

    /// One line of a table is not what it should be.
    #[error("{}, line {line}{}: expected {expected}, found {found}", path.display(), in_column(column))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1 as editors do.
        line: usize,
        /// The column where one is to blame: its name if the table has a header, and its index counted from 0.
        column: Option<String>,
        /// What should have been there.
        expected: String,
        /// What is there.
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
