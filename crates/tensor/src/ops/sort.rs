//! The elements in order along an axis; the derivative puts the gradient back where each element came from.

use std::cmp::Ordering;

use ndarray::ArrayD;

use super::gather::Places;
use super::scatter_add::scatter_add;
use crate::axes::resolve_axis;
use crate::kernels::room;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, operation};

struct Sort {
    axis: usize,
    descending: bool,
    /// Of the last forward pass; before the first one, what the caller has already found for it.
    places: Option<Places>,
    fresh: bool,
}

impl<F: Float> Op<F, 1> for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x in order", &[("x", "dy, put back where each x came from")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("descending", self.descending.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let found = self.places.take_if(|_| self.fresh);
        let places = found.unwrap_or_else(|| sorted(x, self.axis, self.descending));
        let y = places.take(x);
        (self.places, self.fresh) = (Some(places), false);
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let places = self.places.clone().expect("kept by the forward pass");
        scatter_add(&Tensor::zeros(x.shape()), places, dy)
    }
}

/// The total order of floats that sorting, medians and quantiles agree on, as in PyTorch: -0 equals 0, and NaN, which
/// equals itself, comes after everything else.
pub(super) fn compare<F: Float>(a: F, b: F) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The places of `count` elements of every lane along an axis, which `choose` writes, given the lane as pairs of an
/// element and its index, which it may reorder.
#[track_caller]
pub(super) fn chosen<F: Float>(
    x: &Elements<F>,
    axis: usize,
    count: usize,
    mut choose: impl FnMut(&mut [(F, usize)]),
) -> Places {
    let mut shape = x.shape().to_vec();
    let length = std::mem::replace(&mut shape[axis], count);
    let mut indices = room::<usize>(&shape);
    indices.resize(shape.iter().product(), 0);
    if !indices.is_empty() {
        let x = x.row_major();
        let x = x.as_slice().expect("row-major");
        // Row-major: a block for each leading position, in which the lanes lie side by side.
        let width: usize = shape[axis + 1..].iter().product();
        let mut lane = room::<(F, usize)>(&[length]);
        for (block, indices) in x.chunks_exact(length * width).zip(indices.chunks_exact_mut(count * width)) {
            for offset in 0..width {
                lane.clear();
                lane.extend(block[offset..].iter().step_by(width).enumerate().map(|(index, &x)| (x, index)));
                choose(&mut lane);
                for (place, &(_, index)) in indices[offset..].iter_mut().step_by(width).zip(&lane) {
                    *place = index;
                }
            }
        }
    }
    Places::found(axis, shape, indices)
}

/// The places of all elements, in order; equal ones stay in theirs.
#[inline(never)]
#[track_caller]
fn sorted<F: Float>(x: &Elements<F>, axis: usize, descending: bool) -> Places {
    chosen(x, axis, x.shape()[axis], |lane| {
        if descending {
            lane.sort_by(|a, b| compare(b.0, a.0));
        } else {
            lane.sort_by(|a, b| compare(a.0, b.0));
        }
    })
}

impl<F: Float> Tensor<F> {
    /// The elements in ascending or descending order along an axis, and the index that each had. Equal elements keep
    /// their order. NaN counts as the largest, as in PyTorch: it is the last in ascending order and the first in
    /// descending order.
    ///
    /// The gradient of an element goes to the place it came from. For the indices alone, see
    /// [`argsort`](Self::argsort).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let x = Tensor::param([3.0, 1.0, 2.0]);
    /// let (y, indices) = x.sort(0, false);
    /// assert_eq!((y.to_vec(), indices), (vec![1.0, 2.0, 3.0], array![1, 2, 0].into_dyn()));
    /// assert_eq!((y * Tensor::from([10.0, 20.0, 30.0])).sum().backward()[&x].to_vec(), [30.0, 10.0, 20.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Tensor<F>, ArrayD<usize>) {
        let axis = resolve_axis("sort", axis, self.ndim());
        operation::begin("sort");
        let places = sorted(&self.0.elements, axis, descending);
        let indices = places.to_array();
        (apply(Sort { axis, descending, places: Some(places), fresh: true }, [self]), indices)
    }

    /// The indices that would [`sort`](Self::sort) an axis: those of the smallest element, the second smallest and so
    /// on, or beginning with the largest. Equal elements keep their order, and NaN counts as the largest.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let x = Tensor::from([[3.0, 1.0, 2.0], [0.0, 5.0, 0.0]]);
    /// assert_eq!(x.argsort(1, false), array![[1, 2, 0], [0, 2, 1]].into_dyn());
    /// assert_eq!(x.argsort(1, true), array![[0, 2, 1], [1, 0, 2]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> ArrayD<usize> {
        let axis = resolve_axis("argsort", axis, self.ndim());
        operation::begin("argsort");
        sorted(&self.0.elements, axis, descending).to_array()
    }
}

compiled!(Op<1> Sort);
compiled!(fn(&Elements<F>, usize, bool) -> Places = sorted::<F>);

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[1], &[5], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3], &[3, 67]];
        for descending in [false, true] {
            sweep::shapes("sort", &some, domain(), |x| x.sort(-1, descending).0.square());
            let first: [&[usize]; 4] = [&[4, 3], &[2, 0], &[1, 3], &[3, 2, 2]];
            sweep::shapes("sort", &first, domain(), |x| x.sort(0, descending).0.square());
        }
        sweep::shapes("sort", &[&[2, 4, 2], &[2, 0, 2]], domain(), |x| x.sort(1, false).0.square());
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]]);
        let (y, indices) = x.sort(0, false);
        assert_eq!(y, Tensor::from([[0.0, 1.0, 2.0], [3.0, 5.0, 4.0]]));
        assert_eq!(indices, array![[1, 0, 0], [0, 1, 1]].into_dyn());
        assert_eq!(x.t().sort(1, false).0, y.t());
        assert_eq!(x.sort(-1, true).0, Tensor::from([[3.0, 2.0, 1.0], [5.0, 4.0, 0.0]]));
        assert_eq!(x.argsort(-1, true), array![[0, 2, 1], [1, 2, 0]].into_dyn());
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).argsort(1, false).shape(), [2, 0]);
    }

    #[test]
    fn equal_elements_keep_their_order() {
        let x = Tensor::from([1.0, 0.0, 1.0, -0.0, 0.0, 1.0]);
        assert_eq!(x.argsort(0, false), array![1, 3, 4, 0, 2, 5].into_dyn());
        assert_eq!(x.argsort(0, true), array![0, 2, 5, 1, 3, 4].into_dyn());
        let many = Tensor::from((0..1000).map(|i| f64::from(i % 7)).collect::<Vec<_>>());
        let order = many.argsort(0, false);
        assert!((1..1000).all(|i| order[i] % 7 > order[i - 1] % 7 || order[i] > order[i - 1]), "stable");
    }

    #[test]
    fn nan_is_the_largest() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = Tensor::from([nan, inf, -inf, -nan, 0.0]);
        assert_eq!(x.argsort(0, false), array![2, 4, 1, 0, 3].into_dyn());
        assert_eq!(x.argsort(0, true), array![0, 3, 1, 4, 2].into_dyn());
        let y = x.sort(0, false).0.to_vec();
        assert!(y[..3] == [-inf, 0.0, inf] && y[3].is_nan() && y[4].is_nan());
    }

    #[test]
    #[should_panic(expected = "sort: axis 0 is out of range for a tensor with 0 axes")]
    fn of_a_scalar() {
        Tensor::from(1.0_f32).sort(0, false);
    }
}
