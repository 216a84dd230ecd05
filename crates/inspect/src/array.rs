//! What a reader needs to know of an array: its shape, size, distribution, and what it looks like.

use std::fmt;

use downhill_tensor::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::number::{self, decimal, rounded, short};
use crate::{HeatMap, Histogram, Tracer};

/// An array of numbers in a trace, summarized.
///
/// Statistics have six significant digits. The minimum, the maximum, the mean, the histogram and the heat map leave out
/// what is not finite; where nothing is finite, the first three are NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// The size of every axis; empty for a scalar.
    pub shape: Vec<usize>,
    /// All elements in row-major order, if there are at most [`Tracer::full`], otherwise none. Each is the shortest decimal
    /// number that rounds to it.
    #[serde(with = "number::list", default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<f64>,
    /// The Euclidean norm, of all elements.
    #[serde(with = "number::one")]
    pub norm: f64,
    /// The mean.
    #[serde(with = "number::one")]
    pub mean: f64,
    /// The smallest element.
    #[serde(with = "number::one")]
    pub min: f64,
    /// The largest element.
    #[serde(with = "number::one")]
    pub max: f64,
    /// How many elements are NaN.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nan: usize,
    /// How many elements are infinite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infinite: usize,
    /// How often which values occur; `None` for fewer than two elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// What it looks like as a matrix; `None` for fewer than two elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<HeatMap>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Array {
    /// The summary of a tensor's elements, as detailed as the tracer says.
    pub fn of<F: Float>(tensor: &Tensor<F>, tracer: &Tracer) -> Self {
        let all: Vec<f64> = tensor.view().iter().map(|x| x.as_f64()).collect();
        let finite = || all.iter().copied().filter(|x| x.is_finite());
        let (nan, infinite) =
            (all.iter().filter(|x| x.is_nan()).count(), all.iter().filter(|x| x.is_infinite()).count());
        let [min, max] = [f64::min as fn(f64, f64) -> f64, f64::max].map(|better| finite().fold(f64::NAN, better));
        let count = finite().count() as f64;
        // Divided first, so that the sum of large numbers does not overflow.
        let mean = if count == 0.0 { f64::NAN } else { finite().map(|x| x / count).sum() };
        let in_full = all.len() <= tracer.full.max(1);
        let several = all.len() > 1;
        Array {
            shape: tensor.shape().to_vec(),
            elements: if in_full { tensor.view().iter().map(|&x| decimal(x)).collect() } else { Vec::new() },
            norm: rounded(norm(&all), 6),
            mean: rounded(mean, 6),
            min: rounded(min, 6),
            max: rounded(max, 6),
            nan,
            infinite,
            histogram: several.then(|| Histogram::of(finite(), [min, max], tracer.bins)),
            map: several.then(|| HeatMap::of(&all, tensor.shape(), tracer.map)),
        }
    }

    /// The number of elements.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// A few words: the number, a short list of numbers, or the norm.
    pub(crate) fn brief(&self) -> String {
        match self.elements.as_slice() {
            [x] if self.shape.is_empty() => number::text(*x),
            elements @ [_, ..] if elements.len() <= 4 => nested(&self.shape, elements, short),
            _ if self.len() == 0 => "empty".into(),
            _ => format!("norm {}", short(self.norm)),
        }
    }
}

/// `√Σx²`, without overflow of the squares.
fn norm(all: &[f64]) -> f64 {
    let most = all.iter().fold(0.0, |most: f64, x| if x.abs() <= most { most } else { x.abs() });
    if most == 0.0 || !most.is_finite() {
        // A NaN wins over an infinity.
        return all.iter().map(|x| x.abs()).sum();
    }
    most * all.iter().map(|x| (x / most).powi(2)).sum::<f64>().sqrt()
}

/// Elements in brackets, one pair for every axis.
fn nested(shape: &[usize], elements: &[f64], text: fn(f64) -> String) -> String {
    let Some((&size, inner)) = shape.split_first() else { return elements.iter().map(|&x| text(x)).collect() };
    let width = elements.len() / size.max(1);
    let parts = elements.chunks(width.max(1)).map(|part| nested(inner, part, text));
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}

impl fmt::Display for Array {
    /// The shape, then all elements or the statistics.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.elements.is_empty() {
            return f.write_str(&nested(&self.shape, &self.elements, number::text));
        }
        write!(f, "{:?}", self.shape)?;
        if self.len() > 0 {
            let [norm, min, mean, max] = [self.norm, self.min, self.mean, self.max].map(short);
            write!(f, " of norm {norm} (from {min} to {max}, mean {mean})")?;
        }
        for (count, what) in [(self.nan, "NaN"), (self.infinite, "infinite")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tensor: &Tensor<f64>) -> Array {
        Array::of(tensor, &Tracer::default())
    }

    #[test]
    fn statistics_by_hand() {
        let array = of(&Tensor::from([[3.0, 4.0], [0.0, -12.0]]));
        assert_eq!((array.norm, array.mean, array.min, array.max), (13.0, -1.25, -12.0, 4.0));
        assert_eq!(array.elements, [3.0, 4.0, 0.0, -12.0]);
        assert_eq!(array.to_string(), "[[3, 4], [0, -12]]");
        assert_eq!(Array::of(&Tensor::<f32>::from(0.1), &Tracer::default()).to_string(), "0.1");
    }

    /// A sum of squares, and even a difference, would overflow.
    #[test]
    fn at_the_ends() {
        let array = of(&Tensor::from([3e300, -4e300]));
        assert_eq!((array.norm, array.mean), (5e300, -5e299));
        let array = of(&Tensor::from([f64::MAX, -f64::MAX, f64::MAX]));
        assert_eq!(array.histogram.expect("three").counts.iter().sum::<u64>(), 3);
        assert_eq!(of(&Tensor::from([3e-320, 4e-320])).norm, rounded(5e-320, 6));
        assert_eq!(of(&Tensor::zeros(&[3])).norm, 0.0);
    }

    #[test]
    fn what_is_not_finite() {
        let array = of(&Tensor::from([f64::NAN, 1.0, f64::INFINITY, 3.0, f64::NAN]));
        assert_eq!((array.nan, array.infinite, array.mean, array.min, array.max), (2, 1, 2.0, 1.0, 3.0));
        assert!(array.norm.is_nan());
        assert_eq!(of(&Tensor::from([1.0, f64::NEG_INFINITY])).norm, f64::INFINITY);
        let nothing = of(&Tensor::full(&[20], f64::NAN));
        assert!(nothing.mean.is_nan() && nothing.min.is_nan());
        assert_eq!(nothing.to_string(), "[20] of norm NaN (from NaN to NaN, mean NaN), 20 NaN");
        assert_eq!(nothing.histogram.expect("many").counts.iter().sum::<u64>(), 0);
    }

    #[test]
    fn without_elements() {
        let array = of(&Tensor::zeros(&[2, 0]));
        assert_eq!((array.to_string(), array.brief(), array.histogram), ("[2, 0]".into(), "empty".into(), None));
    }

    #[test]
    fn only_short_ones_in_full() {
        let long = Tensor::<f64>::ones(&[4, 5]);
        assert_eq!(of(&long).elements, [] as [f64; 0]);
        assert_eq!(of(&long).to_string(), "[4, 5] of norm 4.472 (from 1 to 1, mean 1)");
        assert_eq!(Array::of(&long, &Tracer { full: 20, ..Tracer::default() }).elements.len(), 20);
        let least = Tracer { full: 0, bins: 0, map: 0 };
        assert_eq!(Array::of(&Tensor::from(2.5), &least).elements, [2.5], "scalars always");
        assert_eq!(Array::of(&long, &least).map.expect("many").cells, [1.0]);
        assert_eq!(of(&Tensor::from([[1.0, 2.0]])).brief(), "[[1, 2]]");
        assert_eq!(of(&long).brief(), "norm 4.472");
    }
}
