//! Reading what `bincode` wrote in its standard configuration, from bytes whose every length may be a lie.
//!
//! `bincode`'s own decoder allocates a string or a buffer as soon as it has read its length, and passes every length on to
//! `Vec` as the capacity to begin with. Here a length is compared with the bytes that are left before anything is done with
//! it, so that the memory taken is in proportion to the file and not to what it claims.
//!
//! | type | bytes |
//! |---|---|
//! | `bool`, `u8`, `i8` | one |
//! | `u16` to `u128`, lengths, indices of variants | one below 251; otherwise 251, 252, 253 or 254 and 2, 4, 8 or 16 bytes |
//! | `i16` to `i128` | as the unsigned 0, 1, 2, 3, ... for 0, -1, 1, -2, ... |
//! | `f32`, `f64` | their bits |
//! | `char` | UTF-8 |
//! | strings, bytes, sequences, maps | the length and the elements |
//! | options | 0, or 1 and the value |
//! | enums | the index of the variant and its fields |
//! | structs, tuples, arrays | their elements |
//!
//! Numbers are little-endian. Source: <https://docs.rs/bincode/2.0.1/bincode/config/struct.Configuration.html> and the
//! format's specification, <https://docs.rs/bincode/2.0.1/bincode/spec/index.html>.

mod access;

use std::fmt;

use serde::de::{self, DeserializeOwned};

/// How deep values may lie within one another; a file that goes deeper is after our stack.
const DEEPEST: usize = 500;

/// How many elements may take no bytes at all, as those of a `Vec<()>` do.
const EMPTY: u64 = 1 << 16;

/// The value at the beginning of `bytes`, and how many bytes it took.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), Undecodable> {
    let mut rest = bytes;
    let value = T::deserialize(Decoder { rest: &mut rest, depth: 0 })?;
    Ok((value, bytes.len() - rest.len()))
}

/// Why bytes are not such a value.
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

/// What is left of the bytes, and how many values the next one lies in.
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
            None => wrong(format!("it ends {} bytes too early", count - self.rest.len())),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        Ok(self.take(N)?.try_into().expect("as many as were asked for"))
    }

    fn byte(&mut self) -> Result<u8, Undecodable> {
        self.array().map(|[byte]| byte)
    }

    /// An unsigned number of at most `U`'s size.
    fn unsigned<U: TryFrom<u128>>(&mut self) -> Result<U, Undecodable> {
        let wide = match self.byte()? {
            251 => u128::from(u16::from_le_bytes(self.array()?)),
            252 => u128::from(u32::from_le_bytes(self.array()?)),
            253 => u128::from(u64::from_le_bytes(self.array()?)),
            254 => u128::from_le_bytes(self.array()?),
            255 => return wrong("255 begins no number"),
            small => u128::from(small),
        };
        U::try_from(wide).or_else(|_| wrong(format!("{wide} is too large for its type")))
    }

    /// A signed number, whose sign is the last bit.
    fn signed<I: TryFrom<i128>>(&mut self) -> Result<I, Undecodable> {
        let folded: u128 = self.unsigned()?;
        // Half of it is below 2¹²⁷.
        let half = (folded >> 1) as i128;
        let number = if folded & 1 == 0 { half } else { !half };
        I::try_from(number).or_else(|_| wrong(format!("{number} is too large for its type")))
    }

    /// A length of something whose elements take a byte or more, which must all be there.
    fn length(&mut self) -> Result<usize, Undecodable> {
        let (length, left): (u64, usize) = (self.unsigned()?, self.rest.len());
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(length),
            _ => wrong(format!("it announces {length} bytes, and {left} are left")),
        }
    }

    /// A number of elements, of which only few may take no byte.
    fn count(&mut self) -> Result<usize, Undecodable> {
        let (count, left): (u64, usize) = (self.unsigned()?, self.rest.len());
        match usize::try_from(count) {
            Ok(known) if count <= EMPTY.saturating_add(left as u64) => Ok(known),
            _ => wrong(format!("it announces {count} elements, and {left} bytes are left")),
        }
    }

    fn string(&mut self) -> Result<&'de str, Undecodable> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).or_else(|error| wrong(format!("a text is not UTF-8: {error}")))
    }

    fn bytes(&mut self) -> Result<&'de [u8], Undecodable> {
        let length = self.length()?;
        self.take(length)
    }

    /// The decoder of what lies inside the present value.
    fn inner(&mut self) -> Result<Decoder<'_, 'de>, Undecodable> {
        match self.depth {
            DEEPEST => wrong(format!("more than {DEEPEST} values lie within one another")),
            depth => Ok(Decoder { rest: self.rest, depth: depth + 1 }),
        }
    }
}

#[cfg(test)]
mod tests;
