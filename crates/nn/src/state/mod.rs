//! Models, and whatever else `serde` can write, to files and back.
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
//! A file is a short header and what `bincode` makes of the value. The header tells a file of ours from others, this
//! version of the format from later ones, what kind of value follows and how long it is, and has a checksum. A file that
//! is cut short, too long or damaged is an error, never a panic, and what it says about lengths is not believed.
//!
//! A file is written beside its final place and then moved there, so that there is always either the old one or the new
//! one, whole.

mod error;
mod format;

pub use error::{StateError, StateProblem};

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use downhill_tensor::{Float, Params, StateDict};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes the elements of every tensor of a model to a file, which is replaced if it exists.
///
/// # Errors
/// If the file cannot be written. What was there before is then still there.
pub fn save<F: Float>(model: &impl Params<F>, path: impl AsRef<Path>) -> Result<(), StateError> {
    write(&model.state_dict(), &kind_of_model::<F>(), path)
}

/// Takes the elements of every tensor of a model from a file that [`save`] wrote.
///
/// # Errors
/// If the file cannot be read, is not one of ours, is damaged, holds the other element type, or has other paths or shapes
/// than the model. The model is then unchanged.
pub fn load<F: Float>(model: &mut impl Params<F>, path: impl AsRef<Path>) -> Result<(), StateError> {
    let dict: StateDict<F> = read(&kind_of_model::<F>(), &path)?;
    model.load_state_dict(&dict).map_err(|problem| StateError::new(path, StateProblem::Misfit(problem)))
}

fn kind_of_model<F: Float>() -> String {
    format!("{} model", F::NAME)
}

/// Writes any value to a file, which is replaced if it exists: a whole training run, to go on with another day.
///
/// `kind` says what it is, so that [`read`] does not take one thing for another.
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
/// If the file cannot be written, or the value refuses. What was there before is then still there.
///
/// # Panics
/// If `kind` has more than 255 bytes.
#[track_caller]
pub fn write<T: Serialize>(value: &T, kind: &str, path: impl AsRef<Path>) -> Result<(), StateError> {
    assert!(kind.len() <= 255, "state::write: the kind has {} bytes, 255 are allowed", kind.len());
    let path = path.as_ref();
    let bytes = format::encode(value, kind).map_err(|problem| StateError::new(path, problem))?;
    replace(path, &bytes).map_err(|error| StateError::new(path, StateProblem::Unwritable(error)))
}

/// Reads a value of that `kind` from a file that [`write()`] wrote.
///
/// # Errors
/// If the file cannot be read, is not one of ours, is damaged, or holds something else.
pub fn read<T: DeserializeOwned>(kind: &str, path: impl AsRef<Path>) -> Result<T, StateError> {
    let path = path.as_ref();
    let bytes = contents(path).map_err(|error| StateError::new(path, StateProblem::Unreadable(error)))?;
    format::decode(&bytes, kind).map_err(|problem| StateError::new(path, problem))
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    // A device or a pipe may never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    fs::read(path)
}

/// Writes beside the file and then moves there, which happens at once or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_name(path)?;
    let written = write_through(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What went wrong first is what the caller wants to know.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// In the same directory, because a file is moved at once only within a file system. Two writers have two names.
fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"));
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(temporary))
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    // On the disk before the old file goes.
    file.sync_all()
}

#[cfg(test)]
mod tests;
