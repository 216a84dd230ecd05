//! The layout of a state file. Integers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | the magic bytes `downhill` |
//! | 4 | the version of the format |
//! | 8 | the number of bytes after the checksum |
//! | 8 | the checksum of those bytes |
//! | 1 + n | the kind of the value: n, then n bytes of UTF-8 |
//! | the rest | the value, encoded by `bincode` in its standard configuration |

use std::cmp::Ordering;
use std::io::{self, Read};

use bincode::config;
use bincode::error::EncodeError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateProblem;
use super::decode::decode as decode_value;

const MAGIC: &[u8; 8] = b"downhill";
const VERSION: u32 = 1;
/// The number of bytes before those that the checksum covers.
pub(super) const HEADER: usize = 28;

/// The content of the file for `value`.
pub(super) fn encode<T: Serialize>(value: &T, kind: &str) -> Result<Vec<u8>, StateProblem> {
    let explain = |error| match error {
        EncodeError::OtherString(message) => StateProblem::Unencodable(message),
        other => StateProblem::Unencodable(other.to_string()),
    };
    let kind_length = u8::try_from(kind.len()).expect("the kind has at most 255 bytes");
    let mut file = vec![0; HEADER];
    file.push(kind_length);
    file.extend_from_slice(kind.as_bytes());
    bincode::serde::encode_into_std_write(value, &mut file, config::standard()).map_err(explain)?;
    let (header, covered) = file.split_at_mut(HEADER);
    let length = covered.len() as u64;
    let parts = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &length.to_le_bytes(), &checksum(covered)];
    header.copy_from_slice(&parts.concat());
    Ok(file)
}

/// What the header says about the rest, after the magic bytes and the version have been checked.
struct Header {
    covered: u64,
    checksum: [u8; 8],
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, StateProblem> {
        if !bytes.starts_with(MAGIC) {
            return Err(StateProblem::NotOurs);
        }
        let Ok(header) = <&[u8; HEADER]>::try_from(bytes) else {
            return Err(StateProblem::Truncated { found: bytes.len() as u64, expected: HEADER as u64 });
        };
        let (_, header) = take::<8>(header);
        let (version, header) = take(header);
        let (covered, header) = take(header);
        let (checksum, _) = take(header);
        let version = u32::from_le_bytes(version);
        if version != VERSION {
            return Err(StateProblem::Version { found: version, known: VERSION });
        }
        Ok(Header { covered: u64::from_le_bytes(covered), checksum })
    }

    /// Checks a file size of `found` bytes against the header.
    fn check_length(&self, found: u64) -> Result<(), StateProblem> {
        let expected = self.covered.saturating_add(HEADER as u64);
        match found.cmp(&expected) {
            Ordering::Less => Err(StateProblem::Truncated { found, expected }),
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(StateProblem::TooLong { found, expected }),
        }
    }
}

/// The value in a file of `size` bytes. A file in another format is not read beyond the header; a file that has changed
/// since `size` was determined is an error.
pub(super) fn decode<T: DeserializeOwned>(mut file: impl Read, size: u64, kind: &str) -> Result<T, StateProblem> {
    let unreadable = StateProblem::Unreadable;
    let mut start = Vec::with_capacity(HEADER);
    file.by_ref().take(HEADER as u64).read_to_end(&mut start).map_err(unreadable)?;
    let header = Header::parse(&start)?;
    header.check_length(size)?;

    let mut covered = Vec::new();
    let room = usize::try_from(header.covered).ok().filter(|&room| covered.try_reserve_exact(room).is_ok());
    if room.is_none() {
        return Err(unreadable(io::Error::new(io::ErrorKind::OutOfMemory, "not enough memory")));
    }
    // One byte more than the header says, to notice a file that has grown.
    file.take(header.covered.saturating_add(1)).read_to_end(&mut covered).map_err(unreadable)?;
    let found = (HEADER + covered.len()) as u64;
    header.check_length(found)?;
    if checksum(&covered) != header.checksum {
        return Err(StateProblem::Damaged);
    }

    let [kind_length, covered @ ..] = &covered[..] else { return Err(StateProblem::Damaged) };
    let Some((found_kind, body)) = covered.split_at_checked(usize::from(*kind_length)) else {
        return Err(StateProblem::Damaged);
    };
    if found_kind != kind.as_bytes() {
        let found = String::from_utf8_lossy(found_kind).into_owned();
        return Err(StateProblem::Kind { found, expected: kind.to_owned() });
    }
    let (value, read) = decode_value(body).map_err(|error| StateProblem::Undecodable(error.0))?;
    if read < body.len() {
        let (found, expected) = (found, found - (body.len() - read) as u64);
        return Err(StateProblem::TooLong { found, expected });
    }
    Ok(value)
}

/// Splits off the first `N` bytes, which must exist.
fn take<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (first, rest) = bytes.split_first_chunk().expect("the header has its full length");
    (*first, rest)
}

/// The 64-bit FNV-1a hash. Changing any single byte changes it, because each step is injective in the hash so far.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 8] {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step).to_le_bytes()
}
