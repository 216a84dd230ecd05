//! Tensors built by a rule: ranges, the identity, random values, constants in the shape of another tensor. None
//! requires a gradient.

use std::iter::repeat_with;

use ndarray::IxDyn;
use rand::Rng;
use rand::distr::{Distribution, StandardUniform};
use rand_distr::StandardNormal;

use crate::Elements;
use crate::{Float, Tensor, checked_size, operation};

impl<F: Float> Tensor<F> {
    /// A tensor of this shape with the elements of a `Vec` in row-major order. Takes over the memory of all but very
    /// short vectors.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from_shape_vec(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x, Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// ```
    ///
    /// # Panics
    /// If the number of elements does not match the shape, or if no tensor can have this shape.
    #[doc(alias("from_vec", "from_slice"))]
    #[track_caller]
    pub fn from_shape_vec(shape: &[usize], elements: Vec<F>) -> Self {
        operation::begin("from_shape_vec");
        let size = checked_size::<F>("from_shape_vec", shape);
        assert!(
            elements.len() == size,
            "from_shape_vec: a tensor of shape {shape:?} has {size} elements, but {} were given",
            elements.len()
        );
        Self::leaf(Elements::new(IxDyn(shape), elements), 0)
    }

    /// The values `start`, `start + step`, `start + 2·step`, ... up to but not including `end`: `⌈(end - start)/step⌉`
    /// values, each computed in `f64` and rounded once.
    ///
    /// If `step` is not exactly representable, rounding decides whether a value just below `end` is included; to fix
    /// the number of values, use [`linspace`](Self::linspace).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::arange(0.0, 5.0, 1.0), Tensor::from([0.0, 1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(Tensor::arange(1.0, -1.0, -0.5), Tensor::from([1.0, 0.5, 0.0, -0.5]));
    /// ```
    ///
    /// # Panics
    /// If `step` is 0 or has the wrong sign, if any of the three is infinite or NaN, or if there are more values than
    /// memory can hold.
    #[doc(alias = "range")]
    #[track_caller]
    pub fn arange(start: F, end: F, step: F) -> Self {
        operation::begin("arange");
        let finite = start.is_finite() && end.is_finite() && step.is_finite();
        assert!(finite, "arange: start {start}, end {end} and step {step} must all be finite");
        let [from, to, by] = [start, end, step].map(F::as_f64);
        assert!(by != 0.0, "arange: from {start} to {end}: a step of 0 is not allowed");
        assert!(from == to || (by > 0.0) == (to > from), "arange: a step of {step} from {start} leads away from {end}");
        let count = ((to - from) / by).ceil();
        // This also refuses ends so far apart that `to - from` overflows.
        assert!(
            count <= isize::MAX as f64 && (to - from).is_finite(),
            "arange: from {start} to {end} by {step} there are more values than a tensor can hold"
        );
        let count = count as usize;
        let numbers = (0..count).map(|i| F::from_f64(from + by * i as f64));
        Self::of_rule(&[count], numbers)
    }

    /// `count` evenly spaced values from `start` to `end`, both included exactly: value `i` is
    /// `start + i·(end - start)/(count - 1)`, computed from the nearer end in `f64` and rounded once. With a `count` of
    /// 1 it is `start`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5), Tensor::from([0.0, 0.25, 0.5, 0.75, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If `start` or `end` is infinite or NaN, or if the memory allocation fails.
    #[track_caller]
    pub fn linspace(start: F, end: F, count: usize) -> Self {
        operation::begin("linspace");
        assert!(start.is_finite() && end.is_finite(), "linspace: start {start} and end {end} must both be finite");
        if count == 1 {
            return Self::of_rule(&[1], [start]);
        }
        let (from, to, last) = (start.as_f64(), end.as_f64(), count.saturating_sub(1));
        let step = match to - from {
            span if span.is_finite() => span / last as f64,
            // The distance overflows, but the step does not.
            _ => to / last as f64 - from / last as f64,
        };
        // Counting from the nearer end makes both ends exact.
        let at = |i: usize| if i < count / 2 { from + step * i as f64 } else { to - step * (last - i) as f64 };
        Self::of_rule(&[count], (0..count).map(|i| F::from_f64(at(i))))
    }

    /// The identity matrix of `n` rows: 1 on the diagonal and 0 elsewhere.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::eye(2), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If the memory allocation fails.
    #[doc(alias = "identity")]
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        operation::begin("eye");
        let row = |i| (0..n).map(move |j| if i == j { F::one() } else { F::zero() });
        Self::of_rule(&[n, n], (0..n).flat_map(row))
    }

    /// Zeros with the shape of this tensor; a constant.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(x.zeros_like(), Tensor::from([[0.0, 0.0]]));
    /// assert_eq!(Tensor::zeros_like(&x), x.zeros_like());
    /// ```
    #[track_caller]
    pub fn zeros_like(&self) -> Self {
        Self::zeros(self.shape())
    }

    /// Ones with the shape of this tensor; a constant.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([5.0, 6.0]).ones_like(), Tensor::from([1.0, 1.0]));
    /// ```
    #[track_caller]
    pub fn ones_like(&self) -> Self {
        Self::ones(self.shape())
    }

    /// A constant with the shape of this tensor, filled with `value`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([5.0, 6.0]).full_like(0.5), Tensor::from([0.5, 0.5]));
    /// ```
    #[track_caller]
    pub fn full_like(&self, value: F) -> Self {
        Self::full(self.shape(), value)
    }

    /// Independent values, uniformly distributed between 0 (included) and 1 (excluded). An `f32` is the `f64` that the
    /// same generator would give, rounded down.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use rand::SeedableRng;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let x = Tensor::<f32>::rand(&[2, 3], &mut rng);
    /// assert!(x.to_vec().iter().all(|x| (0.0..1.0).contains(x)));
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](Self::zeros).
    #[doc(alias = "uniform")]
    #[track_caller]
    pub fn rand(shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Self {
        operation::begin("rand");
        // Rounding to nearest could give 1 in `f32`.
        let grain = F::epsilon().as_f64() / 2.0;
        let draw = || {
            let x: f64 = StandardUniform.sample(rng);
            F::from_f64((x / grain).floor() * grain)
        };
        Self::of_rule(shape, repeat_with(draw))
    }

    /// Independent values from the standard normal distribution (mean 0, standard deviation 1). An `f32` is the `f64`
    /// that the same generator would give, rounded.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use rand::SeedableRng;
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let noise = 0.1 * Tensor::<f32>::randn(&[2, 3], &mut rng);
    /// assert_eq!(noise.shape(), [2, 3]);
    /// ```
    ///
    /// # Panics
    /// As [`zeros`](Self::zeros).
    #[doc(alias = "normal")]
    #[track_caller]
    pub fn randn(shape: &[usize], rng: &mut (impl Rng + ?Sized)) -> Self {
        operation::begin("randn");
        let draw = || F::from_f64(StandardNormal.sample(rng));
        Self::of_rule(shape, repeat_with(draw))
    }

    /// A tensor filled from an iterator that yields at least as many values as the shape has elements.
    #[track_caller]
    fn of_rule(shape: &[usize], numbers: impl IntoIterator<Item = F>) -> Self {
        let size = checked_size::<F>(operation::name(), shape);
        Self::leaf(Elements::appended(shape, |elements| elements.extend(numbers.into_iter().take(size))), 0)
    }
}

#[cfg(test)]
mod tests;
