//! Floating-point numbers in files, including NaN and the infinities.

use std::fmt;
use std::marker::PhantomData;

use downhill_tensor::Float;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number as written to a file. In human-readable formats such as JSON, which would turn them into `null`, NaN and
/// the infinities are the strings `"NaN"`, `"inf"` and `"-inf"`; in binary formats they are ordinary numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Number<F>(pub(crate) F);

impl<F: Float> Serialize for Number<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() || !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        serializer.serialize_str(match self.0 {
            x if x.is_nan() => "NaN",
            x if x > F::zero() => "inf",
            _ => "-inf",
        })
    }
}

impl<'de, F: Float> Deserialize<'de> for Number<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(NumberOrText(PhantomData)).map(Number)
        } else {
            F::deserialize(deserializer).map(Number)
        }
    }
}

struct NumberOrText<F>(PhantomData<F>);

impl<F: Float> Visitor<'_> for NumberOrText<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of type {}, \"NaN\", \"inf\" or \"-inf\"", F::NAME)
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<F, E> {
        let near = F::from_f64(x);
        if near.is_finite() == x.is_finite() {
            Ok(near)
        } else {
            Err(E::custom(format!("{x} is too large for {}", F::NAME)))
        }
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<F, E> {
        self.visit_f64(x as f64)
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<F, E> {
        self.visit_f64(x as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<F, E> {
        match text {
            "NaN" => Ok(F::nan()),
            "inf" => Ok(F::infinity()),
            "-inf" => Ok(F::neg_infinity()),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }
}

/// For `#[serde(with = "number::list")]`: the elements of a vector as [`Number`]s.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, Float, Number, Serialize, Serializer};

    pub(crate) fn serialize<F: Float, S: Serializer>(list: &[F], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(list.iter().map(|&x| Number(x)))
        } else {
            list.serialize(serializer)
        }
    }

    pub(crate) fn deserialize<'de, F: Float, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<F>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        let numbers: Vec<Number<F>> = Vec::deserialize(deserializer)?;
        Ok(numbers.into_iter().map(|number| number.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Pair {
        one: Number<f64>,
        #[serde(with = "list")]
        many: Vec<f32>,
    }

    #[test]
    fn what_json_has_no_word_for_comes_back() {
        let many = vec![f32::NAN, 1.5, f32::INFINITY, -0.0, f32::NEG_INFINITY, f32::MAX, 1e-45, 0.1, 3.0];
        for one in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, -7.0, 5e-324, f64::MAX] {
            let text = serde_json::to_string(&Pair { one: Number(one), many: many.clone() }).unwrap();
            let back: Pair = serde_json::from_str(&text).unwrap();
            let bits =
                |list: &[f32]| list.iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect::<Vec<_>>();
            assert_eq!(bits(&back.many), bits(&many), "{text}");
            assert!(back.one.0 == one || back.one.0.is_nan() && one.is_nan(), "{text}");
        }
        let text = serde_json::to_string(&Pair { one: Number(f64::NAN), many: vec![1.0, f32::NEG_INFINITY] }).unwrap();
        assert_eq!(text, r#"{"one":"NaN","many":[1.0,"-inf"]}"#);
    }

    /// Binary formats use the same eight bytes as for a plain `f64`, whatever the number.
    #[test]
    fn binary_formats_have_a_number_like_any_other() {
        let config = bincode::config::standard();
        for x in [f64::NAN, f64::INFINITY, 0.1] {
            let ours = bincode::serde::encode_to_vec(Number(x), config).unwrap();
            assert_eq!(ours, bincode::serde::encode_to_vec(x, config).unwrap());
            let (back, _): (Number<f64>, _) = bincode::serde::decode_from_slice(&ours, config).unwrap();
            assert_eq!(back.0.to_bits(), x.to_bits());
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let error = |text: &str| serde_json::from_str::<Number<f32>>(text).unwrap_err().to_string();
        for text in ["null", "\"nan\"", "\"1.0\"", "[]", "true"] {
            let error = error(text);
            assert!(error.contains("expected a number of type f32, \"NaN\", \"inf\" or \"-inf\""), "{text}: {error}");
        }
        assert!(error("1e300").contains("is too large for f32"));
    }
}
