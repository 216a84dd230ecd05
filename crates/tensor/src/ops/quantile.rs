//! Quantiles over axes, interpolated between the two nearest elements; the gradient goes to these in proportion to
//! their weights.

use ndarray::Dimension;

use super::gate;
use super::gather::Places;
use super::max::some_elements;
use super::median::{nan, rows};
use super::scatter_add::scatter_add;
use super::sort::{chosen, compare};
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled};

/// What a [quantile](Tensor::quantile_with) between two elements is; the names are those of NumPy and PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// On the straight line between the two.
    #[default]
    Linear,
    /// The smaller one.
    Lower,
    /// The larger one.
    Higher,
    /// The nearer one; halfway, the one with the even rank, counted from 0.
    Nearest,
    /// Their mean.
    Midpoint,
}

/// Of every row of a matrix: two elements, by their rank in ascending order, and the weight of the second.
struct Quantile {
    ranks: [usize; 2],
    weight: f64,
    /// The two elements of each row, found by the forward pass.
    places: Option<Places>,
}

impl Quantile {
    fn new(q: f64, interpolation: Interpolation, count: usize) -> Self {
        let rank = q * count.saturating_sub(1) as f64;
        let (lower, higher) = (rank.floor(), rank.ceil());
        let (a, b, weight) = match interpolation {
            Interpolation::Linear => (lower, higher, rank - lower),
            Interpolation::Lower => (lower, lower, 0.0),
            Interpolation::Higher => (higher, higher, 0.0),
            Interpolation::Nearest => (rank.round_ties_even(), rank.round_ties_even(), 0.0),
            Interpolation::Midpoint => (lower, higher, 0.5),
        };
        Quantile { ranks: [a as usize, b as usize], weight, places: None }
    }
}

impl<F: Float> Op<F, 1> for Quantile {
    fn name(&self) -> &'static str {
        "quantile"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "between two neighbours of x in order: (1 - weight)·lower + weight·higher",
            &[("x", "dy·(1 - weight) at the lower, dy·weight at the higher")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("ranks", self.ranks.as_slice().into()), ("weight", self.weight.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let [lower, higher] = self.ranks;
        let places = chosen(x, 1, 2, |row| {
            let pair = match nan(row) {
                Some(place) => [row[place]; 2],
                None => {
                    let (_, &mut first, above) = row.select_nth_unstable_by(lower, |a, b| compare(a.0, b.0));
                    let next = above.iter().copied().min_by(|a, b| compare(a.0, b.0));
                    [first, next.filter(|_| higher > lower).unwrap_or(first)]
                }
            };
            // The only element of a row takes both places by default.
            row.iter_mut().zip(pair).for_each(|(to, from)| *to = from);
        });
        let (pairs, weight) = (places.take(x), F::from_f64(self.weight));
        let pairs = pairs.as_slice().expect("row-major");
        self.places = Some(places);
        let fill = |y: &mut Vec<F>| y.extend(pairs.chunks_exact(2).map(|pair| between(pair[0], pair[1], weight)));
        Elements::appended(&[x.shape()[0]], fill)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let places = self.places.clone().expect("kept by the forward pass");
        let weights = Tensor::from([1.0 - self.weight, self.weight].map(F::from_f64));
        scatter_add(&Tensor::zeros(x.shape()), places, &gate(&dy.unsqueeze(1), weights))
    }
}

/// `(1 - weight)·a + weight·b`, monotonic in the weight, as PyTorch's `lerp`.
fn between<F: Float>(a: F, b: F, weight: F) -> F {
    if a == b || weight == F::zero() {
        return a;
    }
    let (distance, rest) = (b - a, F::one() - weight);
    match () {
        // The distance is infinite, or would overflow.
        _ if !distance.is_finite() => a * rest + b * weight,
        _ if weight < F::from_f64(0.5) => a + weight * distance,
        _ => b - rest * distance,
    }
}

impl<F: Float> Tensor<F> {
    /// The `q`-quantile of all elements, a scalar: the smallest element for `q = 0`, the largest for 1, and in between
    /// linearly interpolated. NaN if any element is NaN. See [`quantile_with`](Self::quantile_with).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.quantile(0.5).item(), 2.5);
    /// assert_eq!(x.quantile(0.5).backward()[&x], Tensor::from([0.0, 0.0, 0.5, 0.5]));
    /// ```
    ///
    /// # Panics
    /// If there are no elements, or `q` is not between 0 and 1.
    #[doc(alias = "percentile")]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> Tensor<F> {
        self.quantile_axis(q, ..)
    }

    /// The [`quantile`](Self::quantile) over some [`Axes`].
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[1.0, 9.0, 5.0], [4.0, 2.0, 3.0]]);
    /// assert_eq!(x.quantile_axis(0.75, 1), Tensor::from([7.0, 3.5]));
    /// assert_eq!(x.quantile_axis(0.5, keep(0)), Tensor::from([[2.5, 5.5, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has size 0, or `q` is not between 0 and 1.
    #[track_caller]
    pub fn quantile_axis(&self, q: f64, axes: impl Into<Axes>) -> Tensor<F> {
        self.quantile_with(q, Interpolation::Linear, axes)
    }

    /// The `q`-quantile over some [`Axes`]. The elements in ascending order have the ranks 0 to `n - 1`, and the
    /// quantile has the rank `q·(n - 1)`; the [`Interpolation`] says what that is if it is not an integer.
    ///
    /// The gradient goes to the one or two elements that determine the quantile.
    ///
    /// ```
    /// use downhill_tensor::{Interpolation, Tensor};
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.quantile_with(0.5, Interpolation::Lower, 0).item(), 2.0);
    /// assert_eq!(x.quantile_with(0.9, Interpolation::Midpoint, 0).item(), 3.5);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has size 0, or `q` is not between 0 and 1.
    #[track_caller]
    pub fn quantile_with(&self, q: f64, interpolation: Interpolation, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into().resolve("quantile", self.ndim());
        assert!((0.0..=1.0).contains(&q), "quantile of {:?}: q must be between 0 and 1, got {q}", self.shape());
        if let Err(reason) = some_elements(axes, self.shape()) {
            panic!("quantile of {:?}: {reason}", self.shape());
        }
        let op = Quantile::new(q, interpolation, axes.count(self.shape()));
        apply(op, [&rows(self, axes)]).reshape(axes.reduced_shape(self.shape()).slice())
    }
}

compiled!(Op<1> Quantile);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, keep};

    const ALL: [Interpolation; 5] = [
        Interpolation::Linear,
        Interpolation::Lower,
        Interpolation::Higher,
        Interpolation::Nearest,
        Interpolation::Midpoint,
    ];

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 6] = [&[], &[1], &[5], &[2, 3], &[2, 1, 3], &[3, 67]];
        for q in [0.0, 0.3, 0.5, 1.0] {
            sweep::shapes("quantile", &some, domain(), |x| x.quantile(q).square());
        }
        sweep::shapes("quantile", &[&[3], &[2, 3], &[0, 3]], domain(), |x| x.quantile_axis(0.4, -1).square());
        sweep::shapes("quantile", &[&[3, 2], &[2, 0]], domain(), |x| x.quantile_axis(0.8, keep(0)).square());
        for interpolation in ALL {
            sweep::shapes("quantile", &[&[2, 3, 2]], domain(), |x| {
                x.quantile_with(0.55, interpolation, [0, 2]).square()
            });
        }
    }

    /// NumPy's example: the ranks of 0.4 in five and in six elements are 1.6 and 2.
    #[test]
    fn values_by_hand() {
        let x = Tensor::from([50.0, 10.0, 40.0, 20.0, 30.0]);
        let values = ALL.map(|interpolation| x.quantile_with(0.4, interpolation, 0).item());
        assert_eq!(values, [26.0, 20.0, 30.0, 30.0, 25.0]);
        let x = Tensor::from([60.0, 50.0, 10.0, 40.0, 20.0, 30.0]);
        for interpolation in ALL {
            assert_eq!(x.quantile_with(0.4, interpolation, 0).item(), 30.0, "{interpolation:?}");
        }
        // Halfway: the even rank.
        let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
        let nearest = |q| x.quantile_with(q, Interpolation::Nearest, 0).item();
        assert_eq!([1.0 / 6.0, 0.5, 5.0 / 6.0].map(nearest), [1.0, 3.0, 3.0]);
        assert_eq!((x.quantile(0.0).item(), x.quantile(1.0).item()), (1.0, 4.0));
    }

    #[test]
    fn the_gradient_goes_to_two() {
        let x = Tensor::param([[5.0, 1.0, 3.0], [2.0, 2.0, 2.0]]);
        let [g] = grad(&x.quantile_axis(0.75, 1).sum(), [&x]);
        assert_eq!(g.select(0, 0), Tensor::from([0.5, 0.0, 0.5]));
        // Which of equal elements have the rank is not defined, but not more than their weights go to them.
        assert_eq!(g.select(0, 1).sum().item(), 1.0);
        // A weight of 0 times an infinite gradient is 0.
        let x = Tensor::param([0.0, 1.0, 2.0]);
        assert_eq!(x.quantile(0.0).sqrt().backward()[&x].to_vec(), [f64::INFINITY, 0.0, 0.0]);
    }

    #[test]
    fn infinity_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (row, expected) in [
            ([-inf, 0.0], -inf),
            ([inf, 0.0], inf),
            ([inf, inf], inf),
            ([-inf, inf], nan),
            ([nan, 0.0], nan),
            ([f64::MIN, f64::MAX], 0.0),
        ] {
            let y = Tensor::from(row).quantile(0.5).item();
            assert!(y == expected || y.is_nan() && expected.is_nan(), "{row:?}: {y}");
        }
        let x = Tensor::param([1.0, nan, 3.0]);
        assert_eq!(x.quantile(0.75).backward()[&x].to_vec(), [0.0, 1.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "quantile of [3]: q must be between 0 and 1, got 50")]
    fn a_percentage() {
        Tensor::<f32>::zeros(&[3]).quantile(50.0);
    }

    #[test]
    #[should_panic(expected = "quantile of [0]: an axis to reduce has no elements")]
    fn of_nothing() {
        Tensor::<f32>::zeros(&[0]).quantile(0.5);
    }
}
