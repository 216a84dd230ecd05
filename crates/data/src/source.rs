//! A file opened for reading, decompressed on the fly if it is gzip. Memory is allocated only for bytes that exist.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::DataError;

/// DEFLATE encodes at most 258 bytes in 2 bits, so the maximum compression ratio is 1032.
/// <https://zlib.net/zlib_tech.html>
const DEFLATE_LIMIT: u64 = 1032;

/// A file, or the decompressed stream of a gzip file. Compression is detected by the first bytes, not by the name:
/// browsers and archivers leave decompressed files named `.gz`, and vice versa.
pub(crate) struct Source {
    path: PathBuf,
    reader: Reader,
    size_on_disk: u64,
    delivered: u64,
}

enum Reader {
    Raw(File),
    Gzip(Box<MultiGzDecoder<File>>),
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
        let metadata = path.metadata().map_err(|error| match error.kind() {
            ErrorKind::NotFound => DataError::Missing { path: path.to_owned(), expected: "a file".into() },
            _ => unreadable(error),
        })?;
        if !metadata.is_file() {
            let found = if metadata.is_dir() { "a directory" } else { "a device, socket or pipe" };
            return Err(DataError::content(path, "a file", found));
        }
        let mut file = File::open(path).map_err(unreadable)?;
        // Of the open file: another one may have been renamed to the path meanwhile.
        let size_on_disk = file.metadata().map_err(unreadable)?.len();
        let mut start = Vec::with_capacity(2);
        file.by_ref().take(2).read_to_end(&mut start).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let gzip = start == [0x1f, 0x8b];
        Ok(Source {
            path: path.to_owned(),
            reader: if gzip { Reader::Gzip(Box::new(MultiGzDecoder::new(file))) } else { Reader::Raw(file) },
            size_on_disk,
            delivered: 0,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// If the content of this file cannot have `size` bytes, what it has instead, for an error message.
    pub(crate) fn cannot_hold(&self, size: u128) -> Option<String> {
        let disk = self.size_on_disk;
        match self.reader {
            Reader::Raw(_) if size != u128::from(disk) => Some(format!("{disk} bytes")),
            Reader::Gzip(_) if size > u128::from(disk) * u128::from(DEFLATE_LIMIT) => {
                Some(format!("a gzip file of {disk} bytes, which can hold at most {DEFLATE_LIMIT} times that"))
            }
            _ => None,
        }
    }

    /// Whether the file is compressed.
    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self.reader, Reader::Gzip(_))
    }

    /// The size of the file, compressed if it is.
    pub(crate) fn size_on_disk(&self) -> u64 {
        self.size_on_disk
    }

    /// The next `count` bytes; fewer only at the end of the file.
    ///
    /// Memory use does not depend on sizes claimed in the file: for a raw file the buffer is at most as large as the
    /// rest of the file; for a compressed one it starts at 64 KiB and doubles with the bytes actually decompressed.
    /// While it grows, the old and the new buffer together take at most three times those bytes, and at most twice
    /// `count`.
    pub(crate) fn read_up_to(&mut self, count: u64) -> Result<Vec<u8>, DataError> {
        /// The initial size of the buffer for decompressed bytes.
        const START: u64 = 64 * 1024;
        let mut bytes: Vec<u8> = Vec::new();
        loop {
            // The next step is bounded by what is on disk, or by what has been decompressed so far.
            let (have, wanted) = (bytes.len() as u64, count - bytes.len() as u64);
            let step = match self.reader {
                Reader::Raw(_) => wanted.min(self.size_on_disk.saturating_sub(self.delivered)),
                Reader::Gzip(_) => wanted.min(START.max(have)),
            };
            reserve(&mut bytes, usize::try_from(step).ok()).map_err(|source| self.unreadable(source))?;
            let outcome = match &mut self.reader {
                Reader::Raw(file) => file.take(step).read_to_end(&mut bytes),
                Reader::Gzip(decoder) => decoder.take(step).read_to_end(&mut bytes),
            };
            let read = bytes.len() as u64 - have;
            self.delivered += read;
            outcome.map_err(|error| self.explain(error))?;
            if read < step || read == wanted || step == 0 {
                return Ok(bytes);
            }
        }
    }

    /// Fills `block` with the next bytes and returns how many; fewer than its length only at the end of the file.
    pub(crate) fn read_block(&mut self, block: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < block.len() {
            let rest = &mut block[filled..];
            let read = match &mut self.reader {
                Reader::Raw(file) => file.read(rest),
                Reader::Gzip(decoder) => decoder.read(rest),
            };
            match read {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    self.delivered += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
        Ok(filled)
    }

    /// Whether everything has been read. For a compressed file, this verifies the checksum.
    pub(crate) fn has_ended(&mut self) -> Result<bool, DataError> {
        Ok(self.read_block(&mut [0])? == 0)
    }

    /// The same file, from its start.
    pub(crate) fn rewound(self) -> Result<Self, DataError> {
        let unreadable = |source| DataError::Unreadable { path: self.path.clone(), source };
        let compressed = self.is_gzip();
        let mut file = match self.reader {
            Reader::Raw(file) => file,
            Reader::Gzip(decoder) => decoder.into_inner(),
        };
        file.rewind().map_err(unreadable)?;
        let reader = if compressed { Reader::Gzip(Box::new(MultiGzDecoder::new(file))) } else { Reader::Raw(file) };
        Ok(Source { path: self.path, reader, size_on_disk: self.size_on_disk, delivered: 0 })
    }

    fn unreadable(&self, source: io::Error) -> DataError {
        DataError::Unreadable { path: self.path.clone(), source }
    }

    fn explain(&self, error: io::Error) -> DataError {
        let delivered = self.delivered;
        let damage = match (&self.reader, error.kind()) {
            (Reader::Gzip(_), ErrorKind::UnexpectedEof) => "the file ends there".to_owned(),
            (Reader::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => error.to_string(),
            _ => return self.unreadable(error),
        };
        DataError::content(
            &self.path,
            "a complete gzip stream with a matching checksum",
            format!("one that is corrupt after {delivered} decompressed bytes ({damage})"),
        )
    }
}

/// Reserves capacity for exactly `more` elements; an error where the standard library would abort the program.
pub(crate) fn reserve<T>(elements: &mut Vec<T>, more: Option<usize>) -> io::Result<()> {
    match more.map(|more| elements.try_reserve_exact(more)) {
        Some(Ok(())) => Ok(()),
        _ => Err(io::Error::new(ErrorKind::OutOfMemory, "not enough memory")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    /// A file for one test, removed afterwards.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("downhill-source-{test}-{}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Incompressible bytes.
    fn noise(count: u32) -> Vec<u8> {
        (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 13 ^ i.wrapping_mul(i) >> 7) as u8).collect()
    }

    #[test]
    fn in_pieces_and_from_the_beginning_again() {
        let bytes = noise(300_000);
        for (test, file) in [("pieces", bytes.clone()), ("pieces-gz", gzip(&bytes))] {
            let scratch = Scratch::new(test, &file);
            let mut source = Source::open(&scratch.0).unwrap();
            assert!(source.read_up_to(7).unwrap() == bytes[..7] && source.read_up_to(0).unwrap().is_empty());
            let mut block = [0; 1000];
            assert!(source.read_block(&mut block).unwrap() == 1000 && block == bytes[7..1007]);
            assert!(!source.has_ended().unwrap());
            let mut source = source.rewound().unwrap();
            assert!(source.read_up_to(u64::MAX).unwrap() == bytes && source.has_ended().unwrap());
            assert_eq!(source.read_block(&mut block).unwrap(), 0);
        }
    }

    /// Another program truncates the file while it is read: the result is truncated too, or an error.
    #[test]
    fn a_file_that_changes_while_it_is_read() {
        let bytes = noise(300_000);
        let scratch = Scratch::new("changes", &bytes);
        let file = std::fs::OpenOptions::new().write(true).open(&scratch.0).unwrap();
        let mut source = Source::open(&scratch.0).unwrap();
        source.read_up_to(10).unwrap();
        file.set_len(1000).unwrap();
        assert!(source.read_up_to(299_990).unwrap() == bytes[10..1000]);

        let compressed = gzip(&bytes);
        let scratch = Scratch::new("changes-gz", &compressed);
        let file = std::fs::OpenOptions::new().write(true).open(&scratch.0).unwrap();
        let mut source = Source::open(&scratch.0).unwrap();
        source.read_up_to(10).unwrap();
        file.set_len(compressed.len() as u64 / 2).unwrap();
        let error = source.read_up_to(299_990).unwrap_err().to_string();
        assert!(error.contains("corrupt after") && error.ends_with("(the file ends there)"), "{error}");
    }
}
