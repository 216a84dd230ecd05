//! Memory aligned to a cache line.

use std::ops::{Deref, DerefMut};

use downhill_kernels::aligned;
use downhill_tensor::Float;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::number::list;

/// Elements that start at a cache line: a SIMD vector that straddles two lines costs as much as two. `serde` sees an
/// ordinary sequence.
#[derive(Debug, Default)]
pub(crate) struct Aligned<F> {
    /// Padding up to `start`, then the elements.
    elements: Vec<F>,
    start: usize,
}

impl<F: Float> Aligned<F> {
    pub(crate) fn full(len: usize, value: F) -> Self {
        Self::appended(len, |elements| elements.resize(elements.len() + len, value))
    }

    fn appended(len: usize, append: impl FnOnce(&mut Vec<F>)) -> Self {
        if len == 0 {
            return Aligned { elements: Vec::new(), start: 0 };
        }
        let mut elements: Vec<F> = aligned(len, &[len]);
        let start = elements.len();
        append(&mut elements);
        Aligned { elements, start }
    }

    /// The elements as a vector that can grow; they are no longer aligned.
    pub(crate) fn as_vec(&mut self) -> &mut Vec<F> {
        self.elements.drain(..std::mem::take(&mut self.start));
        &mut self.elements
    }
}

impl<F: Float> From<&[F]> for Aligned<F> {
    fn from(elements: &[F]) -> Self {
        Self::appended(elements.len(), |copy| copy.extend_from_slice(elements))
    }
}

impl<F> Deref for Aligned<F> {
    type Target = [F];

    fn deref(&self) -> &[F] {
        &self.elements[self.start..]
    }
}

impl<F> DerefMut for Aligned<F> {
    fn deref_mut(&mut self) -> &mut [F] {
        &mut self.elements[self.start..]
    }
}

/// The clone is aligned too.
impl<F: Float> Clone for Aligned<F> {
    fn clone(&self) -> Self {
        Aligned::from(&**self)
    }
}

impl<F: Float> PartialEq for Aligned<F> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<F: Float> Serialize for Aligned<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        list::serialize(self, serializer)
    }
}

impl<'de, F: Float> Deserialize<'de> for Aligned<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Aligned::from(list::deserialize(deserializer)?.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_a_line_and_stays_itself() {
        for len in [0, 1, 15, 1000, 100_000] {
            let mut aligned = Aligned::full(len, 1.5_f32);
            aligned.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32);
            let expected: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let text = serde_json::to_string(&aligned).unwrap();
            assert_eq!(text, serde_json::to_string(&expected).unwrap());
            for mut copy in [aligned.clone(), serde_json::from_str(&text).unwrap(), aligned] {
                assert!(len == 0 || copy.as_ptr().addr() % 64 == 0);
                assert_eq!(*copy, *expected);
                copy.as_vec().push(7.0);
                assert_eq!((copy.len(), copy[len]), (len + 1, 7.0));
                assert_eq!(copy[..len], expected);
            }
        }
    }
}
