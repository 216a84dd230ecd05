//! The maximum over each window of the last one or two axes, whose position the forward pass finds; the derivative adds `dy`
//! up at these positions.
//!
//! Windows that move ([`max_pool`](super::max_pool)) and windows that cover the axes evenly
//! ([`adaptive_max_pool`](super::adaptive_max_pool)) share it.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::in_planes::{Places, Positions, add_in_planes};
use super::window::{self, Windows, pooled};
use crate::kernels::{self, Taps, room};
use crate::op::apply_noting;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled};

struct MaxWindows {
    /// Of the last one or two axes.
    windows: Vec<Windows>,
    found: Option<Positions>,
}

impl<F: Float> Op<F, 1> for MaxWindows {
    fn name(&self) -> &'static str {
        match self.windows[..] {
            [Windows::Moving { .. }] => "max_pool1d",
            [Windows::Moving { .. }, ..] => "max_pool2d",
            [Windows::Adaptive(_)] => "adaptive_max_pool1d",
            _ => "adaptive_max_pool2d",
        }
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the largest x of every window", &[("x", "dy, added up at the largest")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        window::attributes(&self.windows)
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        pooled::<F>(&self.windows, x)?;
        let plane = &x[x.len() - self.windows.len()..];
        if plane.iter().map(|&n| n as u128).product::<u128>() > u128::from(u32::MAX) {
            return Err("a plane must have fewer than 2³² elements: positions are stored in 32 bits".into());
        }
        let empty = |(windows, &size): (&Windows, &usize)| windows.has_empty(size);
        // Without elements there is no window; the count may be absurd, then.
        if !x.contains(&0) && self.windows.iter().zip(plane).any(empty) {
            return Err("a window would hold padding only: its elements are further apart than the axis is long".into());
        }
        Ok(())
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (axes, inside) = (self.windows.len(), x.shape().to_vec());
        let of = pooled::<F>(&self.windows, &inside).expect("checked");
        let mut y = Elements::unset(IxDyn(&of));
        let mut at = Places::Anywhere(Arc::default());
        let mut repeats = 1_usize;
        if !y.is_empty() {
            let x = x.row_major();
            // A vector is a plane with one row.
            let mut taps = [vec![Windows::SINGLE.taps(0, 1)], Vec::new()];
            let mut plane = [1; 2];
            for (i, axis) in (inside.len() - axes..inside.len()).enumerate() {
                let place = i + 2 - axes;
                plane[place] = inside[axis];
                let mut list = room(&[of[axis]]);
                list.extend((0..of[axis]).map(|window| self.windows[i].taps(window, inside[axis])));
                repeats = repeats.saturating_mul(most_at_one_position(&list));
                taps[place] = list;
            }
            let elements = x.as_slice().expect("row-major");
            at = if axes == 2 && (0..2).all(|axis| in_pairs(&taps[axis], plane[axis])) {
                let mut which = numbers(&of);
                kernels::max_of_pairs(elements, plane, y.slice_mut(), &mut which);
                Places::InPairs(Arc::new(which))
            } else {
                let mut at = numbers(&of);
                kernels::max_of_windows(elements, plane, [&taps[0], &taps[1]], y.slice_mut(), &mut at);
                Places::Anywhere(Arc::new(at))
            };
        }
        self.found = Some(Positions { at, of, inside, axes, repeats });
        y
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        add_in_planes(dy, self.found.clone().expect("found by the forward pass"))
    }
}

/// One for each element of a tensor.
#[track_caller]
fn numbers<T: Copy + Default>(shape: &[usize]) -> Vec<T> {
    let mut numbers = room(shape);
    numbers.resize(shape.iter().product(), T::default());
    numbers
}

/// Whether the windows of an axis are its positions 0 and 1, 2 and 3, and so on.
fn in_pairs(windows: &[Taps], size: usize) -> bool {
    let all = (0..).zip(windows).all(|(i, &taps)| taps == Taps { first: 2 * i, step: 1, count: 2 });
    all && windows.len() == size / 2
}

/// A bound on the number of windows that hold a position: those that begin before the first one ends.
fn most_at_one_position(windows: &[Taps]) -> usize {
    let ends = |taps: &Taps| taps.first + (taps.count - 1) * taps.step;
    let mut most = 1;
    let mut oldest = 0;
    for (newest, window) in windows.iter().enumerate() {
        while ends(&windows[oldest]) < window.first {
            oldest += 1;
        }
        most = most.max(newest + 1 - oldest);
    }
    most
}

/// The maximum over windows along the last axes.
#[track_caller]
pub(super) fn max_windows<F: Float>(x: &Tensor<F>, windows: Vec<Windows>) -> Tensor<F> {
    apply(MaxWindows { windows, found: None }, [x])
}

/// [`max_windows`], and the positions of the maxima in their planes.
#[track_caller]
#[inline(never)]
pub(super) fn max_windows_with_indices<F: Float>(x: &Tensor<F>, windows: Vec<Windows>) -> (Tensor<F>, ArrayD<usize>) {
    let (y, found) = apply_noting(MaxWindows { windows, found: None }, [x], |op| op.found.clone());
    let found = found.expect("found by the forward pass");
    let indices = found.all();
    (y, ArrayD::from_shape_vec(found.of, indices).expect("one position for each maximum"))
}

compiled!(Op<1> MaxWindows);
compiled!(fn(&Tensor<F>, Vec<Windows>) -> (Tensor<F>, ArrayD<usize>) = max_windows_with_indices::<F>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{AdaptiveMaxPool2d, MaxPool, MaxPool1d, MaxPool2d};

    #[test]
    fn derivatives() {
        // Further apart than the step of a numerical derivative, so that no other element becomes the maximum.
        let domain = || Domain::between(-2.0, 2.0);
        let rows: [&[usize]; 4] = [&[5], &[2, 6], &[0, 5], &[2, 1, 7]];
        sweep::shapes("max_pool1d", &rows, domain(), |x| x.max_pool1d(2));
        let options = MaxPool { stride: Some([1]), padding: [1], dilation: [2], ceil_mode: true, ..MaxPool1d::new(2) };
        sweep::shapes("max_pool1d", &rows, domain(), |x| x.max_pool1d(options));
        sweep::shapes("adaptive_max_pool1d", &rows, domain(), |x| x.adaptive_max_pool1d(3));

        let planes: [&[usize]; 5] = [&[2, 2], &[4, 5], &[0, 2, 3], &[2, 4, 3], &[2, 1, 3, 4]];
        sweep::shapes("max_pool2d", &planes, domain(), |x| x.max_pool2d(2));
        let options = MaxPool { stride: Some([1, 2]), padding: [1, 0], ceil_mode: true, ..MaxPool2d::new([3, 2]) };
        sweep::shapes("max_pool2d", &planes, domain(), |x| x.max_pool2d(options));
        sweep::shapes("adaptive_max_pool2d", &planes, domain(), |x| {
            x.adaptive_max_pool2d(AdaptiveMaxPool2d { output_size: [Some(2), None] })
        });
        sweep::shapes("max_pool2d", &[&[2, 4, 4]], domain(), |x| x.max_pool2d_with_indices(2).0.square());
    }

    /// Four windows of 2 × 2 share the middle of a plane of 3 × 3.
    #[test]
    fn windows_that_share_a_position_along_both_axes() {
        let moving = Windows::Moving { kernel: 2, stride: 1, padding: 0, dilation: 1, ceil_mode: false };
        let mut op = MaxWindows { windows: vec![moving; 2], found: None };
        Op::<f64, 1>::forward(&mut op, [&Tensor::<f64>::zeros(&[3, 3]).0.elements]);
        assert_eq!(op.found.unwrap().repeats, 4);
    }

    /// The positions are those of the result's record, also when it is computed again.
    #[test]
    fn positions_found_in_the_forward_pass() {
        let x = Tensor::from([[1.0, 2.0, 5.0], [4.0, 3.0, 6.0]]);
        let halves = Windows::Moving { kernel: 2, stride: 1, padding: 0, dilation: 1, ceil_mode: false };
        let (y, indices) = max_windows_with_indices(&x, vec![halves; 2]);
        assert_eq!((y.to_vec(), indices.as_slice().unwrap()), (vec![4.0, 6.0], &[3, 5][..]));
        let mut op = MaxWindows { windows: vec![halves; 2], found: None };
        for x in [&x, &x.flip(1)] {
            let y = Op::<f64, 1>::forward(&mut op, [&x.0.elements]);
            let found = op.found.clone().unwrap();
            let expected: Vec<f64> = found.all().into_iter().map(|at| x.to_vec()[at]).collect();
            assert_eq!((y.as_slice().unwrap(), found.repeats), (&expected[..], 2));
        }
    }

    #[test]
    fn windows_that_overlap() {
        let run = |first, step, count| Taps { first, step, count };
        assert_eq!(most_at_one_position(&[run(0, 1, 2), run(2, 1, 2), run(4, 1, 1)]), 1);
        assert_eq!(most_at_one_position(&[run(0, 1, 3), run(1, 1, 3), run(2, 1, 3), run(3, 1, 3)]), 3);
        assert_eq!(most_at_one_position(&vec![run(0, 1, 1); 100]), 100);
    }
}
