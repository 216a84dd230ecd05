//! The bytes of a file of saved state. Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the word `downhill` |
//! | 4 | the version of the format |
//! | 8 | how many bytes follow the checksum |
//! | 8 | the checksum of those bytes |
//! | 1 + n | the kind of the value: n, and n bytes of UTF-8 |
//! | the rest | the value, by `bincode` in its standard configuration |

use bincode::config;
use bincode::error::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateProblem;

const MAGIC: &[u8; 8] = b"downhill";
const VERSION: u32 = 1;
/// How many bytes come before those that the checksum covers.
pub(super) const HEADER: usize = 28;

/// The file that holds `value`.
pub(super) fn encode<T: Serialize>(value: &T, kind: &str) -> Result<Vec<u8>, StateProblem> {
    let explain = |error| match error {
        EncodeError::OtherString(message) => StateProblem::Unencodable(message),
        other => StateProblem::Unencodable(other.to_string()),
    };
    let kind_length = u8::try_from(kind.len()).expect("a kind of at most 255 bytes");
    let body = bincode::serde::encode_to_vec(value, config::standard()).map_err(explain)?;
    let covered = [&[kind_length], kind.as_bytes(), &body].concat();
    Ok([MAGIC.as_slice(), &VERSION.to_le_bytes(), &(covered.len() as u64).to_le_bytes(), &checksum(&covered), &covered]
        .concat())
}

/// The value that a file holds.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], kind: &str) -> Result<T, StateProblem> {
    let found = bytes.len() as u64;
    let Some((header, covered)) = bytes.split_at_checked(HEADER) else {
        let begun = bytes.len() >= MAGIC.len() && bytes.starts_with(MAGIC);
        let cut_short = StateProblem::Truncated { found, expected: HEADER as u64 };
        return Err(if begun { cut_short } else { StateProblem::NotOurs });
    };
    let (magic, header) = take(header);
    let (version, header) = take(header);
    let (length, header) = take(header);
    let (expected_checksum, _) = take::<8>(header);

    if magic != *MAGIC {
        return Err(StateProblem::NotOurs);
    }
    let version = u32::from_le_bytes(version);
    if version != VERSION {
        return Err(StateProblem::Version { found: version, known: VERSION });
    }
    let expected = u64::from_le_bytes(length).saturating_add(HEADER as u64);
    if found < expected {
        return Err(StateProblem::Truncated { found, expected });
    }
    if found > expected {
        return Err(StateProblem::TooLong { found, expected });
    }
    if checksum(covered) != expected_checksum {
        return Err(StateProblem::Damaged);
    }

    let [kind_length, covered @ ..] = covered else { return Err(StateProblem::Damaged) };
    let Some((found_kind, body)) = covered.split_at_checked(usize::from(*kind_length)) else {
        return Err(StateProblem::Damaged);
    };
    if found_kind != kind.as_bytes() {
        let found = String::from_utf8_lossy(found_kind).into_owned();
        return Err(StateProblem::Kind { found, expected: kind.to_owned() });
    }
    let explain = |error| match error {
        DecodeError::OtherString(message) => StateProblem::Undecodable(message),
        other => StateProblem::Undecodable(other.to_string()),
    };
    let (value, read) = decode_bounded(body).map_err(explain)?;
    if read < body.len() {
        let (found, expected) = (found, found - (body.len() - read) as u64);
        return Err(StateProblem::TooLong { found, expected });
    }
    Ok(value)
}

/// The first `N` bytes, which are there, and the others.
fn take<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (first, rest) = bytes.split_first_chunk().expect("the header has its full length");
    (*first, rest)
}

/// The 64-bit FNV-1a hash. A change of any one byte changes it: each step is one-to-one in what the step before left.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 8] {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step).to_le_bytes()
}

/// The value at the beginning of `body`, and how many bytes it took.
///
/// `bincode` allocates a string or a byte buffer as soon as it has read its length, so a length that is a lie could ask
/// for all memory there is. Its own remedy is a limit on the size of a value, which must be a constant: it is the least of
/// a few that a true value in `body` keeps to. That size counts sixteen bytes for a `u128` that takes one in the file.
fn decode_bounded<T: DeserializeOwned>(body: &[u8]) -> Result<(T, usize), DecodeError> {
    fn up_to<T: DeserializeOwned, const LIMIT: usize>(body: &[u8]) -> Result<(T, usize), DecodeError> {
        bincode::serde::decode_from_slice(body, config::standard().with_limit::<LIMIT>())
    }
    match body.len().saturating_mul(16) {
        size if size < 1 << 16 => up_to::<T, { 1 << 16 }>(body),
        size if size < 1 << 20 => up_to::<T, { 1 << 20 }>(body),
        size if size < 1 << 24 => up_to::<T, { 1 << 24 }>(body),
        size if size < 1 << 28 => up_to::<T, { 1 << 28 }>(body),
        size if size < 1 << 31 => up_to::<T, { 1 << 31 }>(body),
        // Models of more than a hundred megabytes.
        _ => up_to::<T, { isize::MAX as usize }>(body),
    }
}
