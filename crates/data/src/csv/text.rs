//! The text in a file, and no more of it than there should be.

use std::path::Path;

use crate::DataError;
use crate::source::Source;

/// How much is looked at before the rest is read.
const BLOCK: usize = 64 * 1024;

/// What may be in every gzip file, however small: repetitive tables of a few kilobytes shrink to next to nothing.
const ALWAYS: u64 = 1 << 20;

/// The text in a file. In memory there is only the text itself: a compressed one is decompressed twice, the first time to see
/// how long it is, which must not be more than `expansion` times the size of the file.
pub(super) fn read_text(path: &Path, expansion: u64) -> Result<String, DataError> {
    let mut source = Source::open(path)?;
    let size = measure(&mut source, expansion)?;
    let mut source = source.rewound()?;
    let mut bytes = Vec::new();
    crate::source::reserve(&mut bytes, usize::try_from(size).ok())
        .map_err(|error| DataError::Unreadable { path: path.to_owned(), source: error })?;
    while (bytes.len() as u64) < size {
        // No more than the room there is, so that the buffer never moves.
        let old = bytes.len();
        bytes.resize(old + BLOCK.min((size - old as u64) as usize), 0);
        let read = source.read_block(&mut bytes[old..])?;
        bytes.truncate(old + read);
        if read == 0 {
            break;
        }
    }
    if bytes.len() as u64 != size || !source.has_ended()? {
        let found = "one that another program has changed meanwhile";
        return Err(DataError::content(path, format!("a file that still has {size} bytes of text"), found));
    }
    match first_stray(&bytes, true) {
        Some(at) => Err(not_text(path, &bytes, at)),
        None => Ok(String::from_utf8(bytes).expect("no byte of it is astray")),
    }
}

/// How many bytes of text there are, once the first of them look like text and they are not too many.
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
    let expected = format!("at most {limit} bytes of text{times} (`Csv::expansion` can say otherwise)");
    Err(DataError::content(source.path(), expected, "more"))
}

/// The first byte that is not UTF-8, or null, which is never part of a table. Unless the text is whole, its last letter may be
/// cut.
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
