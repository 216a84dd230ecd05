//! What the world can break: files.

use std::io;
use std::path::PathBuf;

/// A figure that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The file's name ends in something else than `.svg` or `.png`.
    #[error("{}: the name of a figure's file must end in .svg or .png", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
