//! A decoder of `bincode`'s standard configuration for untrusted input.
//!
//! `bincode`'s own decoder allocates a string or a buffer as soon as it has read its length, and passes every length to
//! `Vec` as the initial capacity. This one first compares a length with the number of remaining bytes, so memory use is
//! proportional to the size of the file, not to the lengths it claims.
//!
//! | type | bytes |
//! |---|---|
//! | `bool`, `u8`, `i8` | one |
//! | `u16` to `u128`, lengths, variant indices | one if below 251; else 251, 252, 253 or 254, then 2, 4, 8 or 16 bytes |
//! | `i16` to `i128` | zigzag: the unsigned 0, 1, 2, 3, ... for 0, -1, 1, -2, ... |
//! | `f32`, `f64` | IEEE 754 |
//! | `char` | UTF-8 |
//! | strings, bytes, sequences, maps | the length, then the elements |
//! | options | 0, or 1 and the value |
//! | enums | the index of the variant, then its fields |
//! | structs, tuples, arrays | their elements |
//!
//! Numbers are little-endian. Source: <https://docs.rs/bincode/2.0.1/bincode/config/struct.Configuration.html> and the
//! format's specification, <https://docs.rs/bincode/2.0.1/bincode/spec/index.html>.

mod access;

use std::fmt;

use serde::de::{self, DeserializeOwned};

/// The maximum nesting depth, so that a malicious file cannot cause a stack overflow.
const DEEPEST: usize = 500;

/// The maximum number of elements that take no bytes, such as those of a `Vec<()>`.
const EMPTY: u64 = 1 << 16;

/// The value at the start of `bytes`, and the number of bytes it took.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), Undecodable> {
    let mut rest = bytes;
    let value = T::deserialize(Decoder { rest: &mut rest, depth: 0 })?;
    Ok((value, bytes.len() - rest.len()))
}

/// Why the bytes could not be decoded.
#[derive(Debug)]
pub(super) struct Undecodable(pub(super) String);

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undecodable {}

impl de::Error for Undecodable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Undecodable(message.to_string())
    }
}

fn wrong<T>(message: impl Into<String>) -> Result<T, Undecodable> {
    Err(Undecodable(message.into()))
}

/// The remaining bytes, and the nesting depth of the next value.
struct Decoder<'r, 'de> {
    rest: &'r mut &'de [u8],
    depth: usize,
}

impl<'de> Decoder<'_, 'de> {
    fn take(&mut self, count: usize) -> Result<&'de [u8], Undecodable> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                *self.rest = rest;
                Ok(taken)
            }
            None => wrong(format!("unexpected end, {} more bytes expected", count - self.rest.len())),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        Ok(self.take(N)?.try_into().expect("`take` returns N bytes"))
    }

    fn byte(&mut self) -> Result<u8, Undecodable> {
        self.array().map(|[byte]| byte)
    }

    /// An unsigned integer that fits in `U`.
    fn unsigned<U: TryFrom<u128>>(&mut self) -> Result<U, Undecodable> {
        let wide = match self.byte()? {
            251 => u128::from(u16::from_le_bytes(self.array()?)),
            252 => u128::from(u32::from_le_bytes(self.array()?)),
            253 => u128::from(u64::from_le_bytes(self.array()?)),
            254 => u128::from_le_bytes(self.array()?),
            255 => return wrong("255 is not a valid integer prefix"),
            small => u128::from(small),
        };
        U::try_from(wide).or_else(|_| wrong(format!("{wide} is out of range for its type")))
    }

    /// A signed integer in zigzag encoding: the lowest bit is the sign.
    fn signed<I: TryFrom<i128>>(&mut self) -> Result<I, Undecodable> {
        let folded: u128 = self.unsigned()?;
        // The half is below 2¹²⁷, so the cast is lossless.
        let half = (folded >> 1) as i128;
        let number = if folded & 1 == 0 { half } else { !half };
        I::try_from(number).or_else(|_| wrong(format!("{number} is out of range for its type")))
    }

    /// A length in bytes, all of which must exist.
    fn length(&mut self) -> Result<usize, Undecodable> {
        let (length, left): (u64, usize) = (self.unsigned()?, self.rest.len());
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(length),
            _ => wrong(format!("a length of {length} bytes, but only {left} are left")),
        }
    }

    /// A number of elements; only up to [`EMPTY`] of them may take no bytes.
    fn count(&mut self) -> Result<usize, Undecodable> {
        let (count, left): (u64, usize) = (self.unsigned()?, self.rest.len());
        match usize::try_from(count) {
            Ok(known) if count <= EMPTY.saturating_add(left as u64) => Ok(known),
            _ => wrong(format!("a length of {count} elements, but only {left} bytes are left")),
        }
    }

    fn string(&mut self) -> Result<&'de str, Undecodable> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).or_else(|error| wrong(format!("a string is not valid UTF-8: {error}")))
    }

    fn bytes(&mut self) -> Result<&'de [u8], Undecodable> {
        let length = self.length()?;
        self.take(length)
    }

    /// The decoder for values nested in this one.
    fn inner(&mut self) -> Result<Decoder<'_, 'de>, Undecodable> {
        match self.depth {
            DEEPEST => wrong(format!("values are nested more than {DEEPEST} deep")),
            depth => Ok(Decoder { rest: self.rest, depth: depth + 1 }),
        }
    }
}

#[cfg(test)]
mod tests;
