//! The largest or smallest elements along an axis, in order; the derivative puts the gradient back where they came
//! from.

use std::cmp::Ordering;

use ndarray::ArrayD;

use super::gather::Places;
use super::scatter_add::scatter_add;
use super::sort::{chosen, compare};
use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, operation};

struct TopK {
    axis: usize,
    count: usize,
    largest: bool,
    /// Of the last forward pass; before the first one, what the caller has already found for it.
    places: Option<Places>,
    fresh: bool,
}

impl<F: Float> Op<F, 1> for TopK {
    fn name(&self) -> &'static str {
        "topk"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the first k of x in order", &[("x", "dy, put back where each x came from")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("k", self.count.into()), ("axis", self.axis.into()), ("largest", self.largest.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let found = self.places.take_if(|_| self.fresh);
        let places = found.unwrap_or_else(|| first(x, self.axis, self.count, self.largest));
        let y = places.take(x);
        (self.places, self.fresh) = (Some(places), false);
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let places = self.places.clone().expect("kept by the forward pass");
        scatter_add(&Tensor::zeros(x.shape()), places, dy)
    }
}

/// The places of the first elements in the order of their values, and among equal ones of their indices.
#[inline(never)]
#[track_caller]
fn first<F: Float>(x: &Elements<F>, axis: usize, count: usize, largest: bool) -> Places {
    let order = |a: &(F, usize), b: &(F, usize)| -> Ordering {
        let by_value = if largest { compare(b.0, a.0) } else { compare(a.0, b.0) };
        by_value.then(a.1.cmp(&b.1))
    };
    chosen(x, axis, count, |lane| {
        // Only what is selected needs to be sorted. The order is total, so that the result is unique.
        if count < lane.len() {
            lane.select_nth_unstable_by(count - 1, order);
        }
        lane[..count].sort_unstable_by(order);
    })
}

impl<F: Float> Tensor<F> {
    /// The `k` largest or smallest elements along an axis, beginning with the largest or smallest, and the index that
    /// each had. Of equal elements, those with the smaller index come first. NaN counts as the largest, as in PyTorch.
    ///
    /// The gradient of an element goes to the place it came from.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let x = Tensor::param([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]]);
    /// let (largest, indices) = x.topk(2, 1, true);
    /// assert_eq!(largest, Tensor::from([[0.7, 0.2], [0.5, 0.5]]));
    /// assert_eq!(indices, array![[1, 2], [0, 2]].into_dyn());
    /// assert_eq!(largest.sum().backward()[&x], Tensor::from([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `k` is larger than its size.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: isize, largest: bool) -> (Tensor<F>, ArrayD<usize>) {
        let axis = resolve_axis("topk", axis, self.ndim());
        let size = self.shape()[axis];
        assert!(k <= size, "topk of {:?}: axis {axis} has only {size} elements, not {k}", self.shape());
        operation::begin("topk");
        let places = first(&self.0.elements, axis, k, largest);
        let indices = places.to_array();
        (apply(TopK { axis, count: k, largest, places: Some(places), fresh: true }, [self]), indices)
    }
}

compiled!(Op<1> TopK);
compiled!(fn(&Elements<F>, usize, usize, bool) -> Places = first::<F>);

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for largest in [false, true] {
            let some: [&[usize]; 5] = [&[2], &[5], &[2, 3], &[0, 3], &[3, 67]];
            sweep::shapes("topk", &some, domain(), |x| x.topk(2, -1, largest).0.square());
            sweep::shapes("topk", &[&[3, 2], &[1, 4], &[2, 0]], domain(), |x| x.topk(1, 0, largest).0.square());
        }
        sweep::shapes("topk", &[&[2, 3, 2]], domain(), |x| x.topk(3, 1, true).0.square());
        sweep::shapes("topk", &[&[2, 3], &[2, 0]], domain(), |x| x.topk(0, 1, true).0.square());
    }

    /// The first of all elements in order, whatever `k`.
    #[test]
    fn as_sorted() {
        let x = Tensor::from((0..60).map(|i| f64::from(i * 37 % 11)).collect::<Vec<_>>()).reshape(&[3, 20]);
        for largest in [false, true] {
            let (values, order) = x.sort(1, largest);
            for k in [0, 1, 2, 7, 19, 20] {
                let (y, indices) = x.topk(k, 1, largest);
                assert_eq!(y, values.narrow(1, 0, k));
                assert_eq!(indices, order.slice_axis(ndarray::Axis(1), (0..k).into()));
            }
        }
    }

    #[test]
    fn nan_is_the_largest() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = Tensor::from([0.0, nan, inf, -inf, nan]);
        assert_eq!(x.topk(3, 0, true).1, array![1, 4, 2].into_dyn());
        assert_eq!(x.topk(4, 0, false).1, array![3, 0, 2, 1].into_dyn());
    }

    #[test]
    #[should_panic(expected = "topk of [2, 3]: axis 1 has only 3 elements, not 4")]
    fn more_than_there_are() {
        Tensor::<f32>::zeros(&[2, 3]).topk(4, 1, true);
    }
}
