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
//! # Reading
//!
//! The header is looked at before the rest is read. Reading takes at most four times the size of the file and 1 MiB of
//! memory where most of it is tensors, and whatever a file claims, memory is taken only for bytes that are there. (Values
//! that are larger in memory than in the file, such as a vector of a million empty strings, take what they take.)
//!
//! # Writing
//!
//! A file is written beside its final place under a name drawn at random, brought to the disk, and then moved, so that
//! there is always either the old one or the new one, whole, and after a failure the old one. Of the old file the mode is
//! kept, and the owner where that is allowed; other names of it (hard links) keep the old content, and access lists and
//! extended attributes are not kept.
//!
//! Only a regular file is ever replaced. A symbolic link is followed, and the file it leads to written; it need not exist
//! yet. [`check_writable`] says before a long training whether a file can be written after it.
//!
//! A process that is killed while it writes leaves a file named `.downhill-` and sixteen digits and `.tmp` behind. The next
//! to write in that directory removes it; one that is being written is locked and stays.

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

/// Writes the elements of every tensor of a model to a file, which is replaced if it exists.
///
/// # Errors
/// If the file cannot be written. What was there before is then still there.
pub fn save<F: Float>(model: &(impl Params<F> + ?Sized), path: impl AsRef<Path>) -> Result<(), StateError> {
    write(&model.state_dict(), &kind_of_model::<F>(), path)
}

/// Takes the elements of every tensor of a model from a file that [`save`] wrote.
///
/// # Errors
/// If the file cannot be read, is not one of ours, is damaged, holds the other element type, or has other paths or shapes
/// than the model. The model is then unchanged.
pub fn load<F: Float>(model: &mut (impl Params<F> + ?Sized), path: impl AsRef<Path>) -> Result<(), StateError> {
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
    replace::replace(path, &bytes).map_err(|error| StateError::new(path, StateProblem::Unwritable(error)))
}

/// Whether a file can be written there, for programs that find out before a training and not after. Changes nothing.
///
/// ```
/// use downhill_nn::state;
/// let error = state::check_writable("no/such/directory/model").unwrap_err().to_string();
/// assert!(error.starts_with("no/such/directory/model: cannot be written: "), "{error}");
/// ```
///
/// # Errors
/// If [`save`] and [`write()`] would refuse: what is there is not a regular file or may not be written, no file can be made in
/// the directory, or the name is too long. (A disk may still fill up later.)
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), StateError> {
    let path = path.as_ref();
    replace::check(path).map_err(|error| StateError::new(path, StateProblem::Unwritable(error)))
}

/// Reads a value of that `kind` from a file that [`write()`] wrote.
///
/// # Errors
/// If the file cannot be read, is not one of ours, is damaged, or holds something else.
pub fn read<T: DeserializeOwned>(kind: &str, path: impl AsRef<Path>) -> Result<T, StateError> {
    let path = path.as_ref();
    let value = open(path).map_err(StateProblem::Unreadable).and_then(|(file, size)| format::decode(file, size, kind));
    value.map_err(|problem| StateError::new(path, problem))
}

/// A regular file and its size.
fn open(path: &Path) -> io::Result<(File, u64)> {
    // A device or a pipe may never end, and a pipe without a writer is waited for when it is opened.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests;
