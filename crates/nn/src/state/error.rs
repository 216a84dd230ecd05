//! What can be wrong with a file of saved state, and how it is said.

use std::io;
use std::path::{Path, PathBuf};

use downhill_tensor::StateDictError;

/// Why state could not be saved to or loaded from a file: which file, and what was wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// What was wrong with it.
    pub problem: StateProblem,
}

impl StateError {
    pub(super) fn new(path: impl AsRef<Path>, problem: StateProblem) -> Self {
        StateError { path: path.as_ref().to_owned(), problem }
    }
}

/// What was wrong with a file of saved state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateProblem {
    /// The operating system would not let it be read; it may not be there.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),

    /// The operating system would not let it be written.
    #[error("cannot be written: {0}")]
    Unwritable(io::Error),

    /// The value refused to be written: `serde` has no bytes for it.
    #[error("cannot be written: the value cannot be encoded: {0}")]
    Unencodable(String),

    /// Something else wrote it.
    #[error("is not a file of saved state: it does not begin with the word `downhill`")]
    NotOurs,

    /// A later version of this library wrote it.
    #[error("is in version {found} of the format; this program knows version {known}")]
    Version {
        /// What the file says.
        found: u32,
        /// What this library writes.
        known: u32,
    },

    /// Its end is missing.
    #[error("is cut short: it has {found} bytes of {expected}")]
    Truncated {
        /// How many bytes there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },

    /// There is something behind its end.
    #[error("is too long: it has {found} bytes, of which {expected} are accounted for")]
    TooLong {
        /// How many bytes there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },

    /// Bytes have changed since it was written.
    #[error("is damaged: its checksum is wrong")]
    Damaged,

    /// It holds something else, such as a model of the other element type.
    #[error("holds a `{found}`, expected a `{expected}`")]
    Kind {
        /// What the file says.
        found: String,
        /// What was asked for.
        expected: String,
    },

    /// It is undamaged and of the right kind, and still not such a value.
    #[error("does not hold the value that was asked for: {0}")]
    Undecodable(String),

    /// The model has other paths or shapes.
    #[error("{0}")]
    Misfit(StateDictError),
}
