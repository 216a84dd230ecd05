//! Numbers as text: in JSON, which has no NaN and no infinity, and for reading.

use downhill_tensor::Float;

/// The shortest decimal number that rounds to `x`, as an `f64`: 0.1 for the `f32` 0.1, which is 0.10000000149 exactly.
pub(crate) fn decimal<F: Float>(x: F) -> f64 {
    x.to_string().parse().unwrap_or_else(|_| x.as_f64())
}

/// `x`, rounded to `digits` significant ones.
pub(crate) fn rounded(x: f64, digits: usize) -> f64 {
    format!("{x:.*e}", digits - 1).parse().unwrap_or(x)
}

/// All digits.
pub(crate) fn text(x: f64) -> String {
    match x.abs() {
        size if size != 0.0 && (size < 1e-5 || (1e16..f64::INFINITY).contains(&size)) => format!("{x:e}"),
        _ => x.to_string(),
    }
}

/// Four significant digits.
pub(crate) fn short(x: f64) -> String {
    text(rounded(x, 4))
}

/// One number, for `#[serde(with = "number::one")]`: those that JSON lacks are the texts `"NaN"`, `"inf"` and `"-inf"`.
pub(crate) mod one {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Lenient;

    pub(crate) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Lenient(*x).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Lenient::deserialize(deserializer).map(|Lenient(x)| x)
    }
}

/// A number that may be missing, as [`one`].
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Lenient;

    pub(crate) fn serialize<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        x.map(Lenient).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Lenient>::deserialize(deserializer)?.map(|Lenient(x)| x))
    }
}

/// A list of numbers, as [`one`].
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Lenient;

    pub(crate) fn serialize<S: Serializer>(list: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|&x| Lenient(x)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let list = Vec::<Lenient>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|Lenient(x)| x).collect())
    }
}

struct Lenient(f64);

impl serde::Serialize for Lenient {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // `5`, not `5.0`.
            x if x.fract() == 0.0 && x.abs() < 1e15 && !(x == 0.0 && x.is_sign_negative()) => {
                serializer.serialize_i64(x as i64)
            }
            x if x.is_finite() => serializer.serialize_f64(x),
            x => serializer.serialize_str(&x.to_string()),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Lenient {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Lenient;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
            }

            fn visit_f64<E>(self, x: f64) -> Result<Lenient, E> {
                Ok(Lenient(x))
            }

            fn visit_i64<E>(self, x: i64) -> Result<Lenient, E> {
                Ok(Lenient(x as f64))
            }

            fn visit_u64<E>(self, x: u64) -> Result<Lenient, E> {
                Ok(Lenient(x as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Lenient, E> {
                match text {
                    "NaN" => Ok(Lenient(f64::NAN)),
                    "inf" => Ok(Lenient(f64::INFINITY)),
                    "-inf" => Ok(Lenient(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest() {
        assert_eq!((decimal(0.1_f32), decimal(0.1_f64), decimal(16777216.0_f32)), (0.1, 0.1, 16777216.0));
        assert_eq!(decimal(f32::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(decimal(f32::NAN).is_nan());
        for x in [1e-45_f32, f32::MAX, 0.33333334, -7.0] {
            assert_eq!(decimal(x) as f32, x);
        }
    }

    #[test]
    fn for_reading() {
        let texts = [0.0, -0.0, 1.0, -2.5, 123456.7, 1.0 / 3.0, 1e-7, 2.5e20, f64::NAN, f64::NEG_INFINITY].map(text);
        assert_eq!(texts, ["0", "-0", "1", "-2.5", "123456.7", "0.3333333333333333", "1e-7", "2.5e20", "NaN", "-inf"]);
        let texts = [0.0, 1.0 / 3.0, 123456.7, 9.99999, 1.23456e-9, f64::INFINITY].map(short);
        assert_eq!(texts, ["0", "0.3333", "123500", "10", "1.235e-9", "inf"]);
    }

    #[test]
    fn json_keeps_every_number() {
        let numbers = [0.0, -0.0, 5.0, -3.0, 0.1, 1e300, 1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2e15];
        let json = serde_json::to_string(&numbers.map(Lenient)).unwrap();
        assert_eq!(json, r#"[0,-0.0,5,-3,0.1,1e+300,1e-300,"NaN","inf","-inf",2000000000000000.0]"#);
        let back: Vec<Lenient> = serde_json::from_str(&json).unwrap();
        let bits = |x: f64| if x.is_nan() { 0 } else { x.to_bits() };
        assert!(back.iter().zip(numbers).all(|(a, b)| bits(a.0) == bits(b)), "{json}");
        for wrong in [r#""nan""#, "true", "[1]", r#""1""#] {
            assert!(serde_json::from_str::<Lenient>(wrong).is_err(), "{wrong}");
        }
    }
}
