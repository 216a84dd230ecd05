//! Reading a text file, with a limit on its decompressed size.

use std::path::Path;

use crate::DataError;
use crate::source::Source;

/// The number of bytes that are checked before the rest is read.
const BLOCK: usize = 64 * 1024;

/// The size that is always allowed in a gzip file: small repetitive tables may have an extreme compression ratio.
const ALWAYS: u64 = 1 << 20;

/// Reads a text file. Takes memory only for the text itself: a compressed file is decompressed twice, first to measure
/// the text, which must not be larger than `expansion` times the file.
pub(super) fn read_text(path: &Path, expansion: u64) -> Result<String, DataError> {
    let mut source = Source::open(path)?;
    let size = measure(&mut source, expansion)?;
    let mut source = source.rewound()?;
    let mut bytes = Vec::new();
    crate::source::reserve(&mut bytes, usize::try_from(size).ok())
        .map_err(|error| DataError::Unreadable { path: path.to_owned(), source: error })?;
    while (bytes.len() as u64) < size {
        // Within the reserved capacity, so that the buffer is never reallocated.
        let old = bytes.len();
        bytes.resize(old + BLOCK.min((size - old as u64) as usize), 0);
        let read = source.read_block(&mut bytes[old..])?;
        bytes.truncate(old + read);
        if read == 0 {
            break;
        }
    }
    if bytes.len() as u64 != size || !source.has_ended()? {
        let found = "one that another program changed while it was read";
        return Err(DataError::content(path, format!("a file that still has {size} bytes of text"), found));
    }
    match first_stray(&bytes, true) {
        Some(at) => Err(not_text(path, &bytes, at)),
        None => Ok(String::from_utf8(bytes).expect("checked to be UTF-8")),
    }
}

/// The size of the text in bytes, after checking that it starts like text and does not exceed the limit.
fn measure(source: &mut Source, expansion: u64) -> Result<u64, DataError> {
    let limit = source.size_on_disk().saturating_mul(expansion).max(ALWAYS);
    let mut block = vec![0; BLOCK];
    let mut size = source.read_block(&mut block)? as u64;
    let start = &block[..size as usize];
    if let Some(at) = first_stray(start, false) {
        return Err(not_text(source.path(), start, at));
    }
    if !source.is_gzip() {
        return Ok(source.size_on_disk());
    }
    while size <= limit {
        match source.read_block(&mut block)? {
            0 => return Ok(size),
            read => size += read as u64,
        }
    }
    let times = if limit == ALWAYS { String::new() } else { format!(", {expansion} times the size of the file") };
    let expected = format!("at most {limit} bytes of text{times} (raise `Csv::expansion` to allow more)");
    Err(DataError::content(source.path(), expected, "more"))
}

/// The index of the first byte that is not UTF-8 or is null, which no table contains. Unless `whole`, the last
/// character may be incomplete.
fn first_stray(bytes: &[u8], whole: bool) -> Option<usize> {
    let text = match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(error) if error.error_len().is_none() && !whole => None,
        Err(error) => Some(error.valid_up_to()),
    };
    bytes[..text.unwrap_or(bytes.len())].iter().position(|&byte| byte == 0).or(text)
}

fn not_text(path: &Path, bytes: &[u8], at: usize) -> DataError {
    DataError::Line {
        path: path.to_owned(),
        line: 1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count(),
        column: None,
        expected: "text in UTF-8".into(),
        found: format!("the byte 0x{:02x}", bytes[at]),
    }
}
