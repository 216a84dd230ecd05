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

use std::fmt;

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

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

/// The elements of a sequence, or the keys and values of a map, that are still to come.
struct Elements<'r, 'de> {
    decoder: Decoder<'r, 'de>,
    left: usize,
}

impl Elements<'_, '_> {
    /// Not more than so few that a `Vec` of them takes less than twice the bytes that are left.
    fn hint(&self) -> usize {
        self.left.min(self.decoder.rest.len() / 16)
    }

    fn next<'de, S: DeserializeSeed<'de>>(
        decoder: &mut Decoder<'_, 'de>,
        left: &mut usize,
        seed: S,
    ) -> Result<Option<S::Value>, Undecodable> {
        if *left == 0 {
            return Ok(None);
        }
        *left -= 1;
        seed.deserialize(Decoder { rest: decoder.rest, depth: decoder.depth }).map(Some)
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Undecodable;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Undecodable> {
        Elements::next(&mut self.decoder, &mut self.left, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_, 'de> {
    type Error = Undecodable;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Undecodable> {
        Elements::next(&mut self.decoder, &mut self.left, seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Undecodable> {
        seed.deserialize(Decoder { rest: self.decoder.rest, depth: self.decoder.depth })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

impl<'r, 'de> de::EnumAccess<'de> for Decoder<'r, 'de> {
    type Error = Undecodable;
    type Variant = Decoder<'r, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self::Variant), Undecodable> {
        let index: U32Deserializer<Undecodable> = self.unsigned::<u32>()?.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Decoder<'_, 'de> {
    type Error = Undecodable;

    fn unit_variant(self) -> Result<(), Undecodable> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Undecodable> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Undecodable> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Undecodable> {
        self.deserialize_tuple(fields.len(), visitor)
    }
}

/// One method for every type of number.
macro_rules! numbers {
    ($($method:ident $visit:ident $read:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
            let read: fn(&mut Self) -> Result<_, Undecodable> = $read;
            visitor.$visit(read(&mut self)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Decoder<'_, 'de> {
    type Error = Undecodable;

    numbers! {
        deserialize_u8 visit_u8 |this| this.byte();
        deserialize_u16 visit_u16 |this| this.unsigned();
        deserialize_u32 visit_u32 |this| this.unsigned();
        deserialize_u64 visit_u64 |this| this.unsigned();
        deserialize_u128 visit_u128 |this| this.unsigned();
        deserialize_i8 visit_i8 |this| this.array().map(i8::from_le_bytes);
        deserialize_i16 visit_i16 |this| this.signed();
        deserialize_i32 visit_i32 |this| this.signed();
        deserialize_i64 visit_i64 |this| this.signed();
        deserialize_i128 visit_i128 |this| this.signed();
        deserialize_f32 visit_f32 |this| this.array().map(f32::from_le_bytes);
        deserialize_f64 visit_f64 |this| this.array().map(f64::from_le_bytes);
        deserialize_str visit_borrowed_str |this| this.string();
        deserialize_string visit_string |this| this.string().map(str::to_owned);
        deserialize_bytes visit_borrowed_bytes |this| this.bytes();
        deserialize_byte_buf visit_byte_buf |this| this.bytes().map(<[u8]>::to_vec);
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        match self.byte()? {
            byte @ 0..=1 => visitor.visit_bool(byte == 1),
            byte => wrong(format!("{byte} is neither true nor false")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        let longest = &self.rest[..self.rest.len().min(4)];
        // The bytes that follow may begin another character that is cut.
        let text = longest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let Some(character) = text.chars().next() else { return wrong("a character is not UTF-8") };
        self.take(character.len_utf8())?;
        visitor.visit_char(character)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self.inner()?),
            byte => wrong(format!("{byte} is neither nothing nor something")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Undecodable> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Undecodable> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Undecodable> {
        visitor.visit_newtype_struct(self.inner()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        let left = self.count()?;
        visitor.visit_seq(Elements { decoder: self.inner()?, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, left: usize, visitor: V) -> Result<V::Value, Undecodable> {
        visitor.visit_seq(Elements { decoder: self.inner()?, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Undecodable> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        let left = self.count()?;
        visitor.visit_map(Elements { decoder: self.inner()?, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Undecodable> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Undecodable> {
        visitor.visit_enum(self.inner()?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Undecodable> {
        wrong("its type is not one that the bytes can be read as: the format does not say what follows")
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Undecodable> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Undecodable> {
        self.deserialize_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
