//! A file opened for reading, decompressed on the way if it is gzip, with nothing allocated before it is read.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::DataError;

/// DEFLATE codes at most 258 bytes in 2 bits: no stream can be longer than 1032 times its compressed size.
/// <https://zlib.net/zlib_tech.html>
const DEFLATE_LIMIT: u64 = 1032;

/// A file, or the stream inside it if it is compressed. Which of the two is read from its first bytes, not its name:
/// browsers and unpackers leave decompressed files named `.gz`, and the reverse.
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
        let mut start = Vec::with_capacity(2);
        file.by_ref().take(2).read_to_end(&mut start).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let gzip = start == [0x1f, 0x8b];
        Ok(Source {
            path: path.to_owned(),
            reader: if gzip { Reader::Gzip(Box::new(MultiGzDecoder::new(file))) } else { Reader::Raw(file) },
            size_on_disk: metadata.len(),
            delivered: 0,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `size` bytes cannot possibly be in this file, and if so what is, in words.
    pub(crate) fn cannot_hold(&self, size: u128) -> Option<String> {
        let disk = self.size_on_disk;
        match self.reader {
            Reader::Raw(_) if size != u128::from(disk) => Some(format!("{disk} bytes")),
            Reader::Gzip(_) if size > u128::from(disk) * u128::from(DEFLATE_LIMIT) => Some(format!(
                "a gzip file of {disk} bytes, in which there can be no more than {DEFLATE_LIMIT} times that"
            )),
            _ => None,
        }
    }

    /// The next bytes, up to `limit` of them: fewer only if the file ends there. The buffer grows with what has
    /// really been read, so that no number written in a file decides how much memory is asked for.
    pub(crate) fn read_up_to(&mut self, limit: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let outcome = match &mut self.reader {
            Reader::Raw(file) => file.take(limit).read_to_end(&mut bytes),
            Reader::Gzip(decoder) => decoder.take(limit).read_to_end(&mut bytes),
        };
        self.delivered += bytes.len() as u64;
        match outcome {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: io::Error) -> DataError {
        let delivered = self.delivered;
        let damage = match (&self.reader, error.kind()) {
            (Reader::Gzip(_), ErrorKind::UnexpectedEof) => "the file ends there".to_owned(),
            (Reader::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => error.to_string(),
            _ => return DataError::Unreadable { path: self.path.clone(), source: error },
        };
        DataError::content(
            &self.path,
            "a whole gzip stream with a matching checksum",
            format!("one that is broken after {delivered} decompressed bytes ({damage})"),
        )
    }
}
