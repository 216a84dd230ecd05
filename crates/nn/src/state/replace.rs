//! Replacing a file atomically: the path always holds either the complete old file or the complete new one.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Checks whether [`replace`] would fail, without changing anything.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let place = Place::find(path)?;
    Temporary::create(&place).map(drop)
}

/// Writes a temporary file beside `path`, syncs it to disk and renames it to `path`, which is atomic.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = Place::find(path)?;
    remove_left_over(&place.directory);
    let mut temporary = Temporary::create(&place)?;
    temporary.file.write_all(bytes)?;
    temporary.take_after(&place)?;
    // On disk before the old file is gone.
    temporary.file.sync_all()?;
    temporary.move_to(&place.target)?;
    sync_directory(&place.directory)
}

/// Where a file will be written, with symbolic links followed.
struct Place {
    target: PathBuf,
    directory: PathBuf,
    /// The existing file, if any: regular and writable.
    old: Option<Metadata>,
}

impl Place {
    fn find(path: &Path) -> io::Result<Self> {
        // `metadata` also follows links whose target has no path, such as /dev/stdout to a pipe.
        let old = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return refuse(ErrorKind::IsADirectory, "it is a directory"),
            Ok(found) if !found.is_file() => {
                return refuse(ErrorKind::InvalidInput, "it is a device, a socket or a pipe, not a regular file");
            }
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let target = follow(path)?;
        let name = target.file_name().filter(|name| {
            // `model/` and `model/.` name a directory, but `file_name` ignores these endings.
            target.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes())
        });
        if name.is_none() {
            return refuse(ErrorKind::InvalidInput, "it is not a file name");
        }
        if old.is_some() {
            // Renaming over a file does not need permission to write it; we insist on it.
            OpenOptions::new().write(true).open(&target)?;
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Place { target, directory, old })
    }
}

/// Follows symbolic links from `path` to their target, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    /// The limit of Linux.
    const LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..=LINKS {
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_symlink() => {
                let link = fs::read_link(&target)?;
                target = target.parent().unwrap_or(Path::new("")).join(link);
            }
            Ok(_) => return Ok(target),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(error),
        }
    }
    refuse(ErrorKind::InvalidInput, "too many levels of symbolic links")
}

fn refuse<T>(kind: ErrorKind, why: &str) -> io::Result<T> {
    Err(io::Error::new(kind, why))
}

/// A temporary file beside the one to be written: locked while in use, and removed on drop unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: File,
    moved: bool,
}

impl Temporary {
    /// In the same directory, because a rename is atomic only within a file system.
    fn create(place: &Place) -> io::Result<Self> {
        // A name collision has probability 2⁻⁶⁴; but another process may remove the file before it is locked.
        for _ in 0..100 {
            let path = place.directory.join(random_name());
            let file = match new_file(&path, place.old.is_some()) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let temporary = Temporary { path, file, moved: false };
            // Any other error means that the file system has no locks; then nobody removes leftovers either.
            let locked_by_another = matches!(temporary.file.try_lock(), Err(TryLockError::WouldBlock));
            if !locked_by_another && temporary.path.exists() {
                temporary.check_sticky(place)?;
                return Ok(temporary);
            }
        }
        refuse(ErrorKind::AlreadyExists, "temporary files beside it keep disappearing")
    }

    /// In a sticky directory such as /tmp, only the owner of the file or of the directory may replace it.
    #[cfg(unix)]
    fn check_sticky(&self, place: &Place) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        let Some(old) = &place.old else { return Ok(()) };
        let (directory, us) = (fs::metadata(&place.directory)?, self.file.metadata()?.uid());
        if directory.mode() & 0o1000 != 0 && us != 0 && ![old.uid(), directory.uid()].contains(&us) {
            return refuse(ErrorKind::PermissionDenied, "it belongs to another user, in a sticky directory");
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_sticky(&self, _: &Place) -> io::Result<()> {
        Ok(())
    }

    /// Gives it the mode, and where permitted the owner, of the file it will replace.
    #[cfg(unix)]
    fn take_after(&self, place: &Place) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let Some(old) = &place.old else { return Ok(()) };
        let new = self.file.metadata()?;
        let mut mode = old.mode() & 0o7777;
        let (owner, group) = (new.uid() != old.uid(), new.gid() != old.gid());
        if (owner || group)
            && fchown(&self.file, owner.then_some(old.uid()), group.then_some(old.gid())).is_err()
            && (!group || fchown(&self.file, None, Some(old.gid())).is_err())
        {
            // Without the owner, the setuid and setgid bits would grant another user's rights.
            mode &= 0o777;
        }
        self.file.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn take_after(&self, _: &Place) -> io::Result<()> {
        Ok(())
    }

    fn move_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.moved {
            // An error here would hide the one that the caller is about to get.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Creates a file. If it will replace another, it is private until it has that file's mode.
fn new_file(path: &Path, replaces: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if replaces {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = replaces;
    options.open(path)
}

const PREFIX: &str = ".downhill-";
const SUFFIX: &str = ".tmp";

/// Short, so that it fits wherever the final name does. Random, because process ids are not unique across containers.
fn random_name() -> String {
    // `RandomState` is the standard library's source of random numbers.
    let drawn = RandomState::new().hash_one(std::process::id());
    format!("{PREFIX}{drawn:016x}{SUFFIX}")
}

fn is_ours(name: &OsStr) -> bool {
    let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Removes the temporary files of killed processes: those that nobody has locked. Errors are ignored, because they are
/// no reason not to save.
fn remove_left_over(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name())) {
        let regular = entry.file_type().is_ok_and(|kind| kind.is_file());
        if regular
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Syncs the directory, so that the rename is on disk too.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    match synced {
        // A directory may be writable but not readable, and some file systems cannot sync directories.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
