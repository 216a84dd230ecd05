//! Elements at given positions of planes, the last axes of a tensor; the transpose adds elements at those positions.
//!
//! The derivative of maxima over windows, which are found once, in the forward pass.

use std::sync::Arc;

use ndarray::IxDyn;

use crate::kernels::{RunningSum, put_in_pairs, room};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};

/// A position for every element of a tensor of shape `of`: a number, row-major, in the plane of a tensor of shape `inside`
/// that has the same leading axes.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    pub(super) at: Places,
    pub(super) of: Vec<usize>,
    pub(super) inside: Vec<usize>,
    /// How many axes a plane has.
    pub(super) axes: usize,
    /// No position occurs more often than this in a plane.
    pub(super) repeats: usize,
}

/// Where the elements are.
#[derive(Clone, Debug)]
pub(super) enum Places {
    /// Positions in the plane.
    Anywhere(Arc<Vec<u32>>),
    /// Each in its own window of 2 × 2, side by side: the number in that window, row-major.
    InPairs(Arc<Vec<u8>>),
}

impl Positions {
    /// The position of an element.
    fn of_element(&self, number: usize) -> usize {
        match &self.at {
            Places::Anywhere(at) => at[number] as usize,
            Places::InPairs(which) => {
                let [rows, columns] = self.sizes();
                let (row, column) = (number / (columns / 2) % (rows / 2), number % (columns / 2));
                let which = usize::from(which[number]);
                (2 * row + which / 2) * columns + 2 * column + which % 2
            }
        }
    }

    /// Of all elements.
    pub(super) fn all(&self) -> Vec<usize> {
        let mut all = room(&self.of);
        all.extend((0..self.of.iter().product()).map(|number| self.of_element(number)));
        all
    }

    /// The size of a plane with two axes.
    fn sizes(&self) -> [usize; 2] {
        *self.inside.last_chunk().expect("a plane has two axes")
    }

    /// The number of elements in a plane; at least 1, which does not matter if there are no planes.
    fn plane(&self, shape: &[usize]) -> usize {
        shape[shape.len() - self.axes..].iter().product::<usize>().max(1)
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("positions", self.all().as_slice().into()),
            ("of", self.of.as_slice().into()),
            ("inside", self.inside.as_slice().into()),
            ("axes", self.axes.into()),
            ("repeats", self.repeats.into()),
        ]
    }
}

/// Above this many terms, sums are compensated.
const PLAIN: usize = 64;

struct TakeInPlanes(Positions);

impl<F: Float> Op<F, 1> for TakeInPlanes {
    fn name(&self) -> &'static str {
        "take_in_planes"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x at the positions", &[("x", "dy, added up at the positions")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let Positions { of, inside, .. } = &self.0;
        let x = x.row_major();
        let planes = x.as_slice().expect("row-major").chunks_exact(self.0.plane(inside));
        // A plane may be too small for a window.
        let count: usize = of[of.len() - self.0.axes..].iter().product();
        Elements::appended(of, |y| {
            for (number, plane) in planes.enumerate() {
                let elements = number * count..(number + 1) * count;
                y.extend(elements.map(|element| plane[self.0.of_element(element)]));
            }
        })
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        add_in_planes(dy, self.0.clone())
    }
}

struct AddInPlanes(Positions);

impl<F: Float> Op<F, 1> for AddInPlanes {
    fn name(&self) -> &'static str {
        "add_in_planes"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, added up at the positions", &[("x", "dy at the positions")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn forward(&mut self, [y]: [&Elements<F>; 1]) -> Elements<F> {
        let Positions { at, of, inside, repeats, .. } = &self.0;
        let y = y.row_major();
        if y.is_empty() {
            return Elements::full(IxDyn(inside), F::zero());
        }
        let mut x = Elements::unset(IxDyn(inside));
        let at = match at {
            Places::Anywhere(at) => at,
            Places::InPairs(which) => {
                put_in_pairs(y.as_slice().expect("row-major"), which, self.0.sizes(), x.slice_mut());
                return x;
            }
        };
        let (from, to) = (self.0.plane(of), self.0.plane(inside));
        let sources = y.as_slice().expect("row-major").chunks_exact(from).zip(at.chunks_exact(from));
        let mut sums = Vec::new();
        for (plane, (y, at)) in x.slice_mut().chunks_exact_mut(to).zip(sources) {
            if *repeats <= PLAIN {
                // One plane at a time, so that it is still in the cache.
                plane.fill(F::zero());
                at.iter().zip(y).for_each(|(&at, &y)| plane[at as usize] += y);
                continue;
            }
            sums.clear();
            sums.resize(to, RunningSum::new(F::zero()));
            at.iter().zip(y).for_each(|(&at, &y)| sums[at as usize].add(y));
            plane.iter_mut().zip(&sums).for_each(|(x, sum)| *x = sum.total());
        }
        x
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(TakeInPlanes(self.0.clone()), [dy])
    }
}

/// Zeros of shape `inside`, with every element of `y` added at its position.
#[track_caller]
pub(super) fn add_in_planes<F: Float>(y: &Tensor<F>, positions: Positions) -> Tensor<F> {
    apply(AddInPlanes(positions), [y])
}

compiled!(Op<1> TakeInPlanes);
compiled!(Op<1> AddInPlanes);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    fn positions(at: &[u32], of: &[usize], inside: &[usize], axes: usize, repeats: usize) -> Positions {
        Positions {
            at: Places::Anywhere(Arc::new(at.to_vec())),
            of: of.to_vec(),
            inside: inside.to_vec(),
            axes,
            repeats,
        }
    }

    fn in_pairs(which: &[u8], of: &[usize], inside: &[usize]) -> Positions {
        let at = Places::InPairs(Arc::new(which.to_vec()));
        Positions { at, of: of.to_vec(), inside: inside.to_vec(), axes: 2, repeats: 1 }
    }

    #[test]
    fn derivatives() {
        for repeats in [3, 1000] {
            for positions in [
                positions(&[3, 0, 3, 5, 5, 5], &[2, 3], &[2, 6], 1, repeats),
                positions(&[0, 5, 2, 2, 2, 4], &[3, 1, 2], &[3, 3, 2], 2, repeats),
                positions(&[], &[0, 2], &[0, 3], 1, repeats),
                positions(&[], &[2, 0], &[2, 3], 1, repeats),
                positions(&[1], &[1], &[2], 1, repeats),
                in_pairs(&[3, 0, 2, 1], &[2, 1, 2], &[2, 3, 4]),
                in_pairs(&[1, 2], &[1, 2], &[2, 5]),
                in_pairs(&[], &[0, 2], &[1, 4]),
            ] {
                let (of, inside) = (&positions.of[..], &positions.inside[..]);
                let domain = Domain::between(-2.0, 2.0);
                sweep::shapes("add_in_planes", &[of], domain.clone(), |y| add_in_planes(y, positions.clone()));
                let take = |x: &Tensor<f64>| apply(TakeInPlanes(positions.clone()), [x]);
                sweep::shapes("take_in_planes", &[inside], domain, take);
            }
        }
    }

    #[test]
    fn each_plane_has_its_own_positions() {
        let positions = positions(&[3, 0, 3, 1], &[2, 2], &[2, 2, 2], 2, 2);
        assert_eq!(positions.plane(&[2, 2, 2]), 4);
        // One position per element of a vector, in planes with two axes.
        let positions = Positions { of: vec![2, 1, 2], ..positions };
        let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
        let y = apply(TakeInPlanes(positions.clone()), [&x]);
        assert_eq!(y, Tensor::from([[[4.0, 1.0]], [[8.0, 6.0]]]));
        assert_eq!(add_in_planes(&y, positions), Tensor::from([[[1.0, 0.0], [0.0, 4.0]], [[0.0, 6.0], [0.0, 8.0]]]));
    }

    #[test]
    fn each_in_its_own_window() {
        let positions = in_pairs(&[3, 0, 2, 1], &[2, 1, 2], &[2, 3, 4]);
        assert_eq!(positions.all(), [5, 2, 4, 3]);
        let y = Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]);
        let expected = [
            [0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 4.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ];
        assert_eq!(add_in_planes(&y, positions), Tensor::from(expected).reshape(&[2, 3, 4]));
    }

    #[test]
    fn a_million_at_one_place() {
        let positions = positions(&vec![1; 1_000_000], &[1_000_000], &[2], 1, 1_000_000);
        let sum = add_in_planes(&Tensor::from(vec![0.1_f32; 1_000_000]), positions);
        assert_eq!(sum.to_vec(), [0.0, (1e6 * f64::from(0.1_f32)) as f32]);
    }
}
