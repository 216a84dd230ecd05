//! The errors of saving and loading state.

use std::io;
use std::path::{Path, PathBuf};

use downhill_tensor::StateDictError;

/// Why a file could not be saved or loaded.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// What was wrong.
    pub problem: StateProblem,
}

impl StateError {
    pub(super) fn new(path: impl AsRef<Path>, problem: StateProblem) -> Self {
        StateError { path: path.as_ref().to_owned(), problem }
    }
}

/// What was wrong with a state file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateProblem {
    /// The file could not be read, or does not exist.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),

    /// The file could not be written.
    #[error("cannot be written: {0}")]
    Unwritable(io::Error),

    /// The value could not be serialized.
    #[error("cannot be written: the value cannot be encoded: {0}")]
    Unencodable(String),

    /// The file has another format.
    #[error("is not a downhill state file: it does not start with the bytes `downhill`")]
    NotOurs,

    /// The file was written by a later version of this library.
    #[error("has format version {found}, but this program reads version {known}")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version that this library writes.
        known: u32,
    },

    /// The end of the file is missing.
    #[error("is truncated: it has {found} of {expected} bytes")]
    Truncated {
        /// The size of the file, in bytes.
        found: u64,
        /// The expected size.
        expected: u64,
    },

    /// There are extra bytes after the value.
    #[error("is too long: it has {found} bytes, expected {expected}")]
    TooLong {
        /// The size of the file, in bytes.
        found: u64,
        /// The expected size.
        expected: u64,
    },

    /// The content has changed since it was written.
    #[error("is corrupt: the checksum does not match")]
    Damaged,

    /// The file contains something else, such as a model with another element type.
    #[error("contains a `{found}`, expected a `{expected}`")]
    Kind {
        /// The kind in the file.
        found: String,
        /// The requested kind.
        expected: String,
    },

    /// The checksum and the kind match, but the bytes do not decode to the requested type.
    #[error("cannot be decoded as the requested type: {0}")]
    Undecodable(String),

    /// The paths or shapes differ from the model's.
    #[error("{0}")]
    Misfit(StateDictError),
}
