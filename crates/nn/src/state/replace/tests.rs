use std::io::Read;

use super::*;

/// A directory for one test, removed afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("downhill-replace-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Asserts that both the check and the write fail, and leave the directory as it was.
#[track_caller]
fn refused(directory: &Directory, path: &Path, words: &str) {
    let before = directory.names();
    for error in [check(path).unwrap_err(), replace(path, b"new").unwrap_err()] {
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(directory.names(), before);
}

/// Hard links and open handles keep the old content: the old file is not written to.
#[test]
fn the_old_file_is_replaced_and_not_written_into() {
    let directory = Directory::new("whole");
    let (file, other_name) = (directory.file("model"), directory.file("other"));
    fs::write(&file, "the old one").unwrap();
    fs::hard_link(&file, &other_name).unwrap();
    let mut reader = File::open(&file).unwrap();
    replace(&file, b"new").unwrap();
    let mut seen = String::new();
    reader.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "the old one");
    assert_eq!(fs::read(&other_name).unwrap(), b"the old one");
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(directory.names(), ["model", "other"]);
}

#[test]
fn a_check_changes_nothing() {
    let directory = Directory::new("check");
    check(&directory.file("model")).unwrap();
    assert!(directory.names().is_empty());
    fs::write(directory.file("model"), "old").unwrap();
    check(&directory.file("model")).unwrap();
    assert_eq!(directory.names(), ["model"]);
    assert_eq!(fs::read(directory.file("model")).unwrap(), b"old");
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = Directory::new("no-file");
    fs::create_dir(directory.file("directory")).unwrap();
    refused(&directory, &directory.file("directory"), "it is a directory");
    for name in ["new/", "new/."] {
        refused(&directory, &directory.file(name), "it is not a file name");
    }
    assert!(check(Path::new("")).is_err() && check(Path::new("..")).is_err() && check(Path::new("/")).is_err());
    fs::write(directory.file("file"), "").unwrap();
    assert!(check(&directory.file("file/")).is_err() && check(&directory.file("file/model")).is_err());
    assert!(check(&directory.file("nowhere/model")).is_err());
}

#[test]
fn names_as_long_as_the_file_system_has_them() {
    let directory = Directory::new("long");
    for length in [230, 240, 255] {
        let path = directory.file(&"m".repeat(length));
        check(&path).unwrap();
        replace(&path, b"new").unwrap();
        replace(&path, b"newer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
    }
    let too_long = directory.file(&"m".repeat(256));
    assert!(check(&too_long).is_err() && replace(&too_long, b"new").is_err());
    assert_eq!(directory.names().len(), 3);
}

#[test]
fn names_are_drawn_and_known_again() {
    let names: std::collections::BTreeSet<String> = (0..1000).map(|_| random_name()).collect();
    assert_eq!(names.len(), 1000);
    assert!(names.iter().all(|name| is_ours(OsStr::new(name))));
    for other in ["model", ".downhill-model.tmp", ".downhill-0123456789abcdeg.tmp", ".downhill-0123456789abcdef"] {
        assert!(!is_ours(OsStr::new(other)), "{other}");
    }
}

#[test]
fn what_a_killed_process_left_goes_and_what_is_being_written_stays() {
    let directory = Directory::new("left-over");
    let (dead, alive) = (".downhill-00000000000000aa.tmp", ".downhill-00000000000000bb.tmp");
    fs::write(directory.file(dead), "half of a mod").unwrap();
    fs::write(directory.file(".downhill-notes.tmp"), "somebody else's").unwrap();
    let writer = new_file(&directory.file(alive), false).unwrap();
    writer.lock().unwrap();
    replace(&directory.file("model"), b"new").unwrap();
    assert_eq!(directory.names(), [alive, ".downhill-notes.tmp", "model"]);
}

/// Concurrent writers in one directory, all of which remove leftovers: none removes what another is writing.
#[test]
fn many_at_once() {
    let directory = Directory::new("many");
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let path = directory.file(if thread % 2 == 0 { "even" } else { "odd" });
            scope.spawn(move || {
                for round in 0..25_u8 {
                    replace(&path, &[thread, round].repeat(100)).unwrap();
                    let bytes = fs::read(&path).unwrap();
                    assert!(bytes.len() == 200 && bytes.chunks(2).all(|pair| pair == &bytes[..2]), "{bytes:?}");
                }
            });
        }
    });
    assert_eq!(directory.names(), ["even", "odd"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_are_followed_and_stay() {
        let directory = Directory::new("links");
        fs::create_dir(directory.file("far")).unwrap();
        let (link, second, target) = (directory.file("link"), directory.file("second"), directory.file("far/model"));
        symlink("second", &link).unwrap();
        symlink("far/model", &second).unwrap();
        // The target does not exist yet.
        check(&link).unwrap();
        assert!(!target.exists());
        for content in [b"new", b"two"] {
            replace(&link, content).unwrap();
            assert_eq!(fs::read(&target).unwrap(), content);
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("second"));
            assert_eq!(fs::read_link(&second).unwrap(), Path::new("far/model"));
        }
        assert_eq!(directory.names(), ["far", "link", "second"]);
        assert_eq!(fs::read_dir(directory.file("far")).unwrap().count(), 1);

        symlink("ring", directory.file("ring")).unwrap();
        assert!(check(&directory.file("ring")).is_err() && replace(&directory.file("ring"), b"new").is_err());
        symlink("nowhere/model", directory.file("astray")).unwrap();
        assert!(check(&directory.file("astray")).is_err() && replace(&directory.file("astray"), b"new").is_err());
        assert!(fs::symlink_metadata(directory.file("astray")).unwrap().is_symlink());
    }

    #[test]
    fn devices_sockets_and_pipes_are_refused_at_once() {
        let directory = Directory::new("pipes");
        let (pipe, socket) = (directory.file("pipe"), directory.file("socket"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        symlink("/dev/null", directory.file("device")).unwrap();
        symlink("pipe", directory.file("link")).unwrap();
        for name in ["pipe", "socket", "device", "link"] {
            refused(&directory, &directory.file(name), "it is a device, a socket or a pipe, not a regular file");
        }
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn the_mode_stays() {
        let directory = Directory::new("mode");
        let file = directory.file("model");
        for mode in [0o600, 0o640, 0o666, 0o777] {
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            replace(&file, b"new").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, mode);
            fs::remove_file(&file).unwrap();
        }
        // A new file has the default mode.
        fs::write(directory.file("any"), "").unwrap();
        replace(&file, b"new").unwrap();
        let mode = |name: &str| fs::metadata(directory.file(name)).unwrap().mode();
        assert_eq!(mode("model"), mode("any"));
    }

    /// The temporary file is private until it has the mode of the file it will replace.
    #[test]
    fn what_is_being_written_is_private() {
        let directory = Directory::new("private");
        let temporary = new_file(&directory.file("temporary"), true).unwrap();
        assert_eq!(temporary.metadata().unwrap().mode() & 0o7777, 0o600);
    }

    /// A writable file in a directory where not even root can create one.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_that_takes_no_files() {
        let comm = Path::new("/proc/self/comm");
        assert!(fs::metadata(comm).unwrap().is_file() && OpenOptions::new().write(true).open(comm).is_ok());
        assert!(check(comm).is_err() && replace(comm, b"new").is_err());
        assert_ne!(fs::read(comm).unwrap(), b"new\n");
    }

    /// A read-only file is not replaced, except by root, who may write everything.
    #[test]
    fn a_file_that_may_not_be_written() {
        let directory = Directory::new("read-only");
        let file = directory.file("model");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        if OpenOptions::new().write(true).open(&file).is_err() {
            refused(&directory, &file, "denied");
        } else {
            replace(&file, b"new").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o400);
        }
    }
}
