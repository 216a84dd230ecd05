//! Saving models, and any other `serde` value, to files and loading them.
//!
//! ```
//! use downhill_nn::{Linear, state};
//! use rand::SeedableRng;
//! # let directory = std::env::temp_dir().join(format!("downhill-state-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory).unwrap();
//! # let path = directory.join("model.downhill");
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let trained: Linear = Linear::new(3, 2, &mut rng);
//! state::save(&trained, &path).unwrap();
//!
//! let mut model: Linear = Linear::new(3, 2, &mut rng);
//! state::load(&mut model, &path).unwrap();
//! assert_eq!(model.weight, trained.weight);
//!
//! let mut other: Linear = Linear::new(4, 2, &mut rng);
//! let error = state::load(&mut other, &path).unwrap_err().to_string();
//! assert!(error.ends_with("weight has shape [2, 3], the model's has [2, 4]"), "{error}");
//! # std::fs::remove_dir_all(&directory).unwrap();
//! ```
//!
//! A file is a short header, followed by the value as encoded by `bincode`. The header has magic bytes, the version of
//! the format, the kind and length of the value, and a checksum. A truncated, overlong or corrupt file is an error,
//! never a panic, and no length in a file is trusted.
//!
//! # Reading
//!
//! The header is checked before the rest is read. Reading a file that is mostly tensors takes at most four times its
//! size plus 1 MiB of memory, and memory is allocated only for bytes that exist, whatever lengths a file claims.
//! (Values that are larger in memory than in the file, such as a vector of a million empty strings, take more.)
//!
//! # Writing
//!
//! Writing is atomic: the file is written under a random name in the same directory, synced to disk and renamed, so the
//! path always holds either the complete old file or the complete new one; after a failure, the old one. The mode of
//! the old file is kept, and its owner where permitted; hard links to it keep the old content; access control lists and
//! extended attributes are lost.
//!
//! Only regular files are replaced. A symbolic link is followed, and its target is written, which need not exist yet.
//! Call [`check_writable`] before a long training run to find out whether its result can be saved.
//!
//! A process that is killed while writing leaves a file named `.downhill-<16 hex digits>.tmp`. The next write to that
//! directory removes it; a file that is still being written is locked and stays.

mod decode;
mod error;
mod format;
mod replace;

pub use error::{StateError, StateProblem};

use std::fs::{self, File};
use std::io;
use std::path::Path;

use downhill_tensor::{Float, Params, StateDict};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Saves the state dict of a model to a file, replacing it if it exists.
///
/// # Errors
/// If the file cannot be written. An existing file is then unchanged.
pub fn save<F: Float>(model: &(impl Params<F> + ?Sized), path: impl AsRef<Path>) -> Result<(), StateError> {
    write(&model.state_dict(), &kind_of_model::<F>(), path)
}

/// Loads the state dict of a model from a file written by [`save`].
///
/// # Errors
/// If the file cannot be read, is not a state file, is corrupt, has a different element type, or has other paths or
/// shapes than the model. The model is then unchanged.
pub fn load<F: Float>(model: &mut (impl Params<F> + ?Sized), path: impl AsRef<Path>) -> Result<(), StateError> {
    let dict: StateDict<F> = read(&kind_of_model::<F>(), &path)?;
    model.load_state_dict(&dict).map_err(|problem| StateError::new(path, StateProblem::Misfit(problem)))
}

fn kind_of_model<F: Float>() -> String {
    format!("{} model", F::NAME)
}

/// Writes any `serde` value to a file, replacing it if it exists; for instance a checkpoint of a whole training run.
///
/// `kind` names the type of value, and [`read`] checks it.
///
/// ```
/// use downhill_nn::{Linear, state};
/// use downhill_tensor::{Params, StateDict};
/// use rand::SeedableRng;
/// use serde::{Deserialize, Serialize};
/// # let path = std::env::temp_dir().join(format!("downhill-run-{}", std::process::id()));
///
/// #[derive(Serialize, Deserialize)]
/// struct Run { model: StateDict, epoch: usize }
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut model: Linear = Linear::new(3, 2, &mut rng);
/// let run = Run { model: model.state_dict(), epoch: 7 };
/// state::write(&run, "my run", &path).unwrap();
///
/// let run: Run = state::read("my run", &path).unwrap();
/// model.load_state_dict(&run.model).unwrap();
/// assert_eq!(run.epoch, 7);
/// # std::fs::remove_file(&path).unwrap();
/// ```
///
/// # Errors
/// If the file cannot be written or the value cannot be serialized. An existing file is then unchanged.
///
/// # Panics
/// If `kind` is longer than 255 bytes.
#[track_caller]
pub fn write<T: Serialize>(value: &T, kind: &str, path: impl AsRef<Path>) -> Result<(), StateError> {
    assert!(kind.len() <= 255, "state::write: the kind has {} bytes, but at most 255 are allowed", kind.len());
    let path = path.as_ref();
    let bytes = format::encode(value, kind).map_err(|problem| StateError::new(path, problem))?;
    replace::replace(path, &bytes).map_err(|error| StateError::new(path, StateProblem::Unwritable(error)))
}

/// Checks that a file can be written at `path`, so that a program fails before training rather than after. Changes
/// nothing.
///
/// ```
/// use downhill_nn::state;
/// let error = state::check_writable("no/such/directory/model").unwrap_err().to_string();
/// assert!(error.starts_with("no/such/directory/model: cannot be written: "), "{error}");
/// ```
///
/// # Errors
/// If [`save`] and [`write()`] would fail: the path is not a regular file or is read-only, no file can be created in
/// its directory, or the name is too long. (The disk may still fill up later.)
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), StateError> {
    let path = path.as_ref();
    replace::check(path).map_err(|error| StateError::new(path, StateProblem::Unwritable(error)))
}

/// Reads a value of the given `kind` from a file written by [`write()`].
///
/// # Errors
/// If the file cannot be read, is not a state file, is corrupt, or contains a value of another kind.
pub fn read<T: DeserializeOwned>(kind: &str, path: impl AsRef<Path>) -> Result<T, StateError> {
    let path = path.as_ref();
    let value = open(path).map_err(StateProblem::Unreadable).and_then(|(file, size)| format::decode(file, size, kind));
    value.map_err(|problem| StateError::new(path, problem))
}

/// Opens a regular file and returns it with its size.
fn open(path: &Path) -> io::Result<(File, u64)> {
    // A device or a pipe may never end, and opening a pipe without a writer blocks.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests;
