//! Deserializing a model's elements from untrusted input.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayD, IxDyn};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::{Float, MAX_AXES};

/// Arrays by path.
pub(super) fn arrays<'de, F: Float, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, ArrayD<F>>, D::Error> {
    from.deserialize_map(Arrays(PhantomData))
}

struct Arrays<F>(PhantomData<F>);

impl<'de, F: Float> Visitor<'de> for Arrays<F> {
    type Value = BTreeMap<String, ArrayD<F>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from paths to arrays")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut arrays = BTreeMap::new();
        while let Some((path, array)) = from.next_entry::<String, Array<F>>()? {
            arrays.insert(path, array.checked()?);
        }
        Ok(arrays)
    }
}

/// An array as `ndarray` serializes it.
#[derive(serde::Deserialize)]
#[serde(bound = "", deny_unknown_fields)]
struct Array<F: Float> {
    v: u8,
    dim: Shape,
    data: Vec<F>,
}

impl<F: Float> Array<F> {
    fn checked<E: Error>(self) -> Result<ArrayD<F>, E> {
        if self.v != 1 {
            return Err(E::custom(format!("unknown array version: {}", self.v)));
        }
        let misfit = |_| E::custom("data and dimension must match in size");
        ArrayD::from_shape_vec(IxDyn(&self.dim.0), self.data).map_err(misfit)
    }
}

struct Shape(Vec<usize>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Sizes;

        impl<'de> Visitor<'de> for Sizes {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of axis sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Shape, A::Error> {
                let mut sizes = Vec::new();
                while let Some(size) = from.next_element()? {
                    // Checked before the elements are read: a million axes of size 1, at a byte each in a file, would
                    // take 24 bytes each in memory.
                    if sizes.len() == MAX_AXES {
                        return Err(A::Error::custom(format!("an array has more than {MAX_AXES} axes")));
                    }
                    sizes.push(size);
                }
                Ok(Shape(sizes))
            }
        }

        from.deserialize_seq(Sizes)
    }
}
