//! Positions for attention, which does not see the order of its inputs: a vector for each position is added.
//!
//! Vaswani et al., "Attention is all you need", arXiv 1706.03762.

use downhill_tensor::{Float, Params, Tensor, checked_size};
use rand::Rng;

use crate::{Module, init};

/// A table `[length, dim]` of waves: columns `2i` and `2i + 1` are the sine and the cosine of `position/10000^(2i/dim)`.
/// As a layer: [`SinusoidalPositions`].
///
/// ```
/// use downhill_nn::sinusoidal_positions;
/// use downhill_tensor::Tensor;
/// let table: Tensor = sinusoidal_positions(50, 4);
/// assert_eq!(table.narrow(0, 0, 1), Tensor::from([[0.0, 1.0, 0.0, 1.0]]));
/// assert_eq!(table.select(0, 7).to_vec()[..2], [7.0_f64.sin() as f32, 7.0_f64.cos() as f32]);
/// ```
///
/// # Panics
/// If the shape is too large for a tensor, or the allocation fails.
#[track_caller]
pub fn sinusoidal_positions<F: Float>(length: usize, dim: usize) -> Tensor<F> {
    checked_size::<F>("sinusoidal_positions", &[length, dim]);
    // Once for each pair of columns, and in `f64`.
    let frequencies: Vec<f64> = (0..if length == 0 { 0 } else { dim })
        .map(|column| 10_000_f64.powf(-((column / 2 * 2) as f64) / dim as f64))
        .collect();
    Tensor::appended(&[length, dim], |elements| {
        for position in 0..if dim == 0 { 0 } else { length } {
            elements.extend(frequencies.iter().enumerate().map(|(column, frequency)| {
                let angle = position as f64 * frequency;
                F::from_f64(if column % 2 == 0 { angle.sin() } else { angle.cos() })
            }));
        }
    })
}

/// Adds [`sinusoidal_positions`] to sequences of any length, `[.., L, E]`, or with `axis` 0 `[L, N, E]`. There is nothing
/// to learn and nothing to save.
///
/// ```
/// use downhill_nn::{Module, SinusoidalPositions};
/// use downhill_tensor::Tensor;
/// let x = Tensor::<f64>::zeros(&[8, 2, 2]);
/// let y = SinusoidalPositions::default().forward(&x);
/// assert_eq!(y.select(0, 3), Tensor::from([[0.0, 1.0], [1.0_f64.sin(), 1.0_f64.cos()]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct SinusoidalPositions {
    /// The axis of the positions, by default the last but one; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
}

impl Default for SinusoidalPositions {
    fn default() -> Self {
        SinusoidalPositions { axis: -2 }
    }
}

impl<F: Float> Module<F> for SinusoidalPositions {
    /// # Panics
    /// If the axis is out of range, or the last.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let axis = axis_of("SinusoidalPositions", x.shape(), self.axis);
        let table = sinusoidal_positions(x.shape()[axis], x.shape()[x.ndim() - 1]);
        x + along(&table, axis, x.ndim())
    }
}

/// Adds a learned vector for each position to sequences of up to `max_length` positions, `[.., L, E]`, or with `axis` 0
/// `[L, N, E]`.
///
/// ```
/// use downhill_nn::{LearnedPositions, Module};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let positions: LearnedPositions = LearnedPositions::new(100, 64, &mut rng);
/// assert_eq!(positions.forward(&Tensor::zeros(&[32, 10, 64])).select(0, 5), positions.weight.narrow(0, 0, 10));
/// ```
#[derive(Clone, Debug, Params)]
pub struct LearnedPositions<F: Float = f32> {
    /// `[max_length, E]`, as of an [`Embedding`](crate::Embedding) of the positions.
    pub weight: Tensor<F>,
    /// The axis of the positions, by default the last but one; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
}

impl<F: Float> LearnedPositions<F> {
    /// For up to `max_length` positions of `dim` features, with random vectors from N(0, 0.02²), as in GPT-2 and BERT.
    ///
    /// # Panics
    /// If the shape is too large for a tensor, or the allocation fails.
    #[track_caller]
    pub fn new(max_length: usize, dim: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        checked_size::<F>("LearnedPositions", &[max_length, dim]);
        LearnedPositions { weight: Tensor::param(init::normal(&[max_length, dim], 0.0, 0.02, rng)), axis: -2 }
    }
}

impl<F: Float> Module<F> for LearnedPositions<F> {
    /// # Panics
    /// If the axis is out of range, or the last; if there are more positions than vectors, or another number of
    /// features.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let axis = axis_of("LearnedPositions", x.shape(), self.axis);
        let (length, dim) = (x.shape()[axis], x.shape()[x.ndim() - 1]);
        assert!(
            matches!(*self.weight.shape(), [longest, features] if length <= longest && dim == features),
            "LearnedPositions of {:?}: {length} positions of {dim} features do not fit a weight [max_length, E] of shape \
             {:?}",
            x.shape(),
            self.weight.shape()
        );
        x + along(&self.weight.narrow(0, 0, length), axis, x.ndim())
    }
}

#[track_caller]
fn axis_of(layer: &str, shape: &[usize], axis: isize) -> usize {
    let ndim = shape.len() as isize;
    let resolved = if axis < 0 { axis + ndim } else { axis };
    assert!(
        (0..ndim - 1).contains(&resolved),
        "{layer} of {shape:?}: axis {axis} must be an axis of positions in front of the last, that of the features"
    );
    resolved as usize
}

/// `[L, E]` as `[L, 1, .., E]`, which broadcasts to `ndim` axes with the positions at `axis`.
#[track_caller]
fn along<F: Float>(table: &Tensor<F>, axis: usize, ndim: usize) -> Tensor<F> {
    let mut shape = vec![1; ndim - axis];
    shape[0] = table.shape()[0];
    shape[ndim - axis - 1] = table.shape()[1];
    table.reshape(&shape)
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::init::testing::assert_moments;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    /// With four columns, the second pair is a hundred times as slow as the first.
    #[test]
    fn waves_by_hand() {
        let table = sinusoidal_positions::<f64>(300, 4);
        let row = |position: usize| table.select(0, position).to_vec();
        for position in [0, 1, 2, 100, 299] {
            let x = position as f64;
            let expected = [x.sin(), x.cos(), (x / 100.0).sin(), (x / 100.0).cos()];
            assert!(row(position).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-13), "{position}");
        }
        // An odd number of columns ends with a sine.
        assert!((sinusoidal_positions::<f64>(2, 3).to_vec()[5] - 10_000_f64.powf(-2.0 / 3.0).sin()).abs() < 1e-15);
        assert_eq!(sinusoidal_positions::<f32>(0, 4).shape(), [0, 4]);
        assert_eq!(sinusoidal_positions::<f32>(4, 0).shape(), [4, 0]);
    }

    #[test]
    fn along_each_axis() {
        let table = sinusoidal_positions::<f64>(3, 2);
        let of = |axis, shape: &[usize]| SinusoidalPositions { axis }.forward(&Tensor::zeros(shape));
        assert_eq!(of(-2, &[3, 2]), table);
        assert_eq!(of(1, &[4, 3, 2]).select(0, 3), table);
        assert_eq!(of(0, &[3, 4, 2]).select(1, 3), table);
        assert_eq!(of(-3, &[5, 3, 4, 2]).select(0, 1).select(1, 2), table);
        assert_eq!(of(-2, &[0, 3, 2]).shape(), [0, 3, 2]);
    }

    #[test]
    fn learned_ones() {
        let layer = LearnedPositions::<f64>::new(100, 200, &mut rng());
        assert_moments(&layer.weight, 0.0, 0.02, 3.0);
        let tree: Vec<_> = layer.params().map(|(path, w)| (path, w.shape().to_vec())).collect();
        assert_eq!(tree, [("weight".to_owned(), vec![100, 200])]);
        let layer = LearnedPositions { weight: Tensor::param([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), axis: 0 };
        let y = layer.forward(&Tensor::zeros(&[2, 1, 2]));
        assert_eq!(y, Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]));
        assert_eq!(y.sum().backward()[&layer.weight], Tensor::from([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]));
    }

    #[test]
    fn derivatives() {
        let (x, weight) = (Tensor::<f64>::randn(&[2, 2, 3], &mut rng()), Tensor::randn(&[4, 3], &mut rng()));
        for axis in [0, -2] {
            let learned = |w: &Tensor<f64>| LearnedPositions { weight: w.clone(), axis };
            gradcheck(|[x, w]| learned(w).forward(x).exp(), [&x, &weight], Check::order(2)).unwrap();
            gradcheck(|[x]| SinusoidalPositions { axis }.forward(x).exp(), [&x], Check::order(2)).unwrap();
        }
    }

    #[test]
    #[should_panic(
        expected = "LearnedPositions of [2, 5, 3]: 5 positions of 3 features do not fit a weight [max_length, E]"
    )]
    fn too_long() {
        LearnedPositions::<f32>::new(4, 3, &mut rng()).forward(&Tensor::zeros(&[2, 5, 3]));
    }

    #[test]
    #[should_panic(expected = "SinusoidalPositions of [4]: axis -2 must be an axis of positions in front of the last")]
    fn no_positions() {
        SinusoidalPositions::default().forward(&Tensor::<f32>::zeros(&[4]));
    }
}
