//! The implementation of `serde`'s traits by the decoder.

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::{Decoder, Undecodable, wrong};

/// The remaining elements of a sequence, or the remaining entries of a map.
struct Elements<'r, 'de> {
    decoder: Decoder<'r, 'de>,
    left: usize,
}

impl Elements<'_, '_> {
    /// The capacity hint: at most one element per 16 remaining bytes, to bound the memory that `Vec` allocates in
    /// advance.
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

/// Defines a method per primitive type.
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
            byte => wrong(format!("{byte} is not a valid bool")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        let longest = &self.rest[..self.rest.len().min(4)];
        // Only the first character counts: the four bytes may end within another one.
        let text = longest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let Some(character) = text.chars().next() else { return wrong("a character is not valid UTF-8") };
        self.take(character.len_utf8())?;
        visitor.visit_char(character)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Undecodable> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self.inner()?),
            byte => wrong(format!("{byte} is not a valid option tag")),
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
        wrong("the type cannot be decoded, because the format is not self-describing")
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
