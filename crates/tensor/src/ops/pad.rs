//! Padding: more elements before and after those of the last axes. Constant padding is an operation whose derivative is the
//! part of `dy` that is not padding; the other modes repeat elements, as [runs](super::runs) of one.

use ndarray::{Axis, IxDyn, Slice};

use super::runs::sum_runs;
use crate::kernels::{Run, room, shape};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, operation};

/// What [`Tensor::pad`] adds to an axis `a b c d`, for instance 2 elements before and 3 after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// A value: `0 0 | a b c d | 0 0 0`.
    Constant(f64),
    /// The elements mirrored at the first and last, which are not repeated: `c b | a b c d | c b a`.
    Reflect,
    /// The first and last element, repeated: `a a | a b c d | d d d`. PyTorch's and NumPy's other name is `edge`.
    Replicate,
    /// The elements of the other end, as if the axis were a circle: `c d | a b c d | a b c`.
    Circular,
}

/// Before and after each of the last axes.
struct PadConstant {
    padding: Vec<(usize, usize)>,
    value: f64,
}

impl PadConstant {
    /// The number of axes in front of those that are padded.
    fn leading(&self, shape: &[usize]) -> usize {
        shape.len() - self.padding.len()
    }
}

impl<F: Float> Op<F, 1> for PadConstant {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, with padding around it", &[("x", "dy without the padding")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let flat: Vec<usize> = self.padding.iter().flat_map(|&(before, after)| [before, after]).collect();
        vec![("padding", flat.as_slice().into()), ("value", self.value.into())]
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        shape::check::<F>(&padded(x, &self.padding)).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let mut y = Elements::full(IxDyn(&padded(x.shape(), &self.padding)), F::from_f64(self.value));
        let mut inside = y.view_mut();
        for (axis, &(before, _)) in (self.leading(x.shape())..).zip(&self.padding) {
            inside.slice_axis_inplace(Axis(axis), Slice::from(before..before + x.shape()[axis]));
        }
        inside.assign(&x.view());
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let mut inside = dy.clone();
        for (axis, &(before, _)) in (self.leading(x.shape())..).zip(&self.padding) {
            inside = inside.narrow(axis as isize, before, x.shape()[axis]);
        }
        inside
    }
}

/// The shape with padding along its last axes. A size that overflows saturates, and no tensor is that large.
fn padded(shape: &[usize], padding: &[(usize, usize)]) -> Vec<usize> {
    let mut padded = shape.to_vec();
    let leading = shape.len() - padding.len();
    for (size, &(before, after)) in padded[leading..].iter_mut().zip(padding) {
        *size = size.saturating_add(before).saturating_add(after);
    }
    padded
}

/// Why an axis of this size cannot be padded by repeating its elements.
fn refusal(mode: PadMode, size: usize, (before, after): (usize, usize)) -> Option<String> {
    let most = before.max(after);
    match mode {
        PadMode::Reflect if most > 0 && most >= size => {
            Some(format!("reflection needs more elements than the {most} it adds on one side, but there are {size}"))
        }
        PadMode::Circular if most > size => Some(format!("a circle of {size} elements cannot add {most} on one side")),
        PadMode::Replicate if most > 0 && size == 0 => Some("there is no element to replicate".into()),
        _ => None,
    }
}

/// Which of `size` elements stands at a place of the padded axis.
fn source(mode: PadMode, place: usize, before: usize, size: usize) -> usize {
    match place.checked_sub(before) {
        Some(inside) if inside < size => inside,
        Some(beyond) => match mode {
            PadMode::Reflect => 2 * (size - 1) - beyond,
            PadMode::Circular => beyond - size,
            _ => size - 1,
        },
        None => match mode {
            PadMode::Reflect => before - place,
            PadMode::Circular => size - (before - place),
            _ => 0,
        },
    }
}

impl<F: Float> Tensor<F> {
    /// Adds elements before and after those of the last axes: `padding` is a list of `(before, after)`, one for each of the
    /// last axes, in their order. To remove elements, use [`narrow`](Self::narrow) or [`slice`](Self::slice).
    ///
    /// PyTorch's list is flat and begins with the last axis: `F.pad(x, (1, 2, 3, 4))` is `x.pad(&[(3, 4), (1, 2)], ..)`.
    ///
    /// ```
    /// use downhill_tensor::{PadMode, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// let y = x.pad(&[(0, 1), (1, 0)], PadMode::Constant(0.0));
    /// assert_eq!(y, Tensor::from([[0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]]));
    /// assert_eq!(x.pad(&[(2, 1)], PadMode::Reflect), Tensor::from([[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]));
    /// assert_eq!(x.pad(&[(2, 1)], PadMode::Replicate), Tensor::from([[1.0, 1.0, 1.0, 2.0, 3.0, 3.0]]));
    /// assert_eq!(x.pad(&[(2, 1)], PadMode::Circular), Tensor::from([[2.0, 3.0, 1.0, 2.0, 3.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// If `padding` has more entries than the tensor axes; if an axis has too few elements for the mode: `Reflect` needs
    /// more than it adds on one side, `Circular` as many, `Replicate` one; if the result would be too large.
    #[track_caller]
    pub fn pad(&self, padding: &[(usize, usize)], mode: PadMode) -> Tensor<F> {
        assert!(
            padding.len() <= self.ndim(),
            "pad of {:?}: {} pairs (before, after) for {} axes; give one for each of the last axes",
            self.shape(),
            padding.len(),
            self.ndim()
        );
        if let PadMode::Constant(value) = mode {
            return apply(PadConstant { padding: padding.to_vec(), value }, [self]);
        }
        let leading = self.ndim() - padding.len();
        let shape = padded(self.shape(), padding);
        let refused = (0..padding.len()).find_map(|i| {
            let reason = refusal(mode, self.shape()[leading + i], padding[i])?;
            Some(format!("axis {}: {reason}", leading + i))
        });
        match refused.map_or_else(|| shape::check::<F>(&shape).map(drop), Err) {
            Err(reason) => panic!("pad of {:?}: {reason}", self.shape()),
            // Nothing to repeat; the axes may be absurdly long.
            Ok(()) if shape.contains(&0) => return self.reshape(&shape),
            Ok(()) => {}
        }
        let mut y = self.clone();
        for (axis, &(before, after)) in (leading..).zip(padding) {
            if before + after > 0 {
                operation::begin("pad");
                let mut runs = room(&[shape[axis]]);
                let one =
                    |place| Run { first: source(mode, place, before, self.shape()[axis]), count: 1, weights: None };
                runs.extend((0..shape[axis]).map(one));
                y = sum_runs(&y, axis, runs);
            }
        }
        y
    }
}

compiled!(Op<1> PadConstant);

#[cfg(test)]
mod tests {
    use PadMode::{Circular, Constant, Reflect, Replicate};

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let constant =
            |padding: &'static [(usize, usize)]| move |x: &Tensor<f64>| x.pad(padding, Constant(0.5)).square();
        sweep::unary("pad", domain(), constant(&[]));
        sweep::shapes("pad", &[&[3], &[0], &[2, 3], &[2, 0], &[2, 1, 3]], domain(), constant(&[(1, 2)]));
        sweep::shapes("pad", &[&[2, 3], &[0, 3], &[2, 1, 3]], domain(), constant(&[(2, 0), (0, 1)]));
        for mode in [Reflect, Replicate, Circular] {
            let of_one = [&[3][..], &[2, 3], &[0, 3], &[2, 1, 4]];
            sweep::shapes("sum_runs", &of_one, domain(), |x| x.pad(&[(2, 1)], mode).square());
            let of_two = [&[2, 3][..], &[0, 2, 3], &[2, 3, 4]];
            sweep::shapes("sum_runs", &of_two, domain(), |x| x.pad(&[(1, 0), (2, 2)], mode).square());
        }
    }

    /// The documentation's `a b c d`.
    #[test]
    fn each_mode() {
        let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
        for (mode, expected) in [
            (Constant(7.0), [7.0, 7.0, 1.0, 2.0, 3.0, 4.0, 7.0, 7.0, 7.0]),
            (Reflect, [3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0]),
            (Replicate, [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0]),
            (Circular, [3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0]),
        ] {
            assert_eq!(x.pad(&[(2, 3)], mode), Tensor::from(expected), "{mode:?}");
        }
        // As often as there are elements, but once more would be too often.
        assert_eq!(x.pad(&[(4, 0)], Circular), Tensor::from([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]));
        assert_eq!(x.pad(&[(0, 0)], Reflect), x);
    }

    #[test]
    fn the_last_axes_in_their_order() {
        let x = Tensor::from([[[1.0, 2.0], [3.0, 4.0]]]);
        let y = x.pad(&[(0, 1), (2, 0)], Replicate);
        assert_eq!(y, Tensor::from([[[1.0, 1.0, 1.0, 2.0], [3.0, 3.0, 3.0, 4.0], [3.0, 3.0, 3.0, 4.0]]]));
        assert_eq!(x.pad(&[(1, 0), (0, 0), (0, 0)], Constant(f64::INFINITY)).shape(), [2, 2, 2]);
    }

    #[test]
    fn what_is_repeated_collects_its_gradients() {
        let x = Tensor::param([1.0, 2.0, 3.0]);
        let gradient = |mode| x.pad(&[(2, 1)], mode).sum().backward()[&x].to_vec();
        assert_eq!(gradient(Constant(5.0)), [1.0, 1.0, 1.0]);
        assert_eq!(gradient(Reflect), [1.0, 3.0, 2.0]);
        assert_eq!(gradient(Replicate), [3.0, 1.0, 2.0]);
        assert_eq!(gradient(Circular), [2.0, 2.0, 2.0]);
    }

    #[test]
    #[should_panic(expected = "pad of [2, 3]: axis 1: reflection needs more elements than the 3 it adds on one side")]
    fn a_reflection_of_too_few() {
        Tensor::<f32>::zeros(&[2, 3]).pad(&[(0, 3)], Reflect);
    }

    #[test]
    #[should_panic(expected = "pad of [3]: axis 0: a circle of 3 elements cannot add 4 on one side")]
    fn around_twice() {
        Tensor::<f32>::zeros(&[3]).pad(&[(4, 0)], Circular);
    }

    #[test]
    #[should_panic(expected = "pad of [0]: axis 0: there is no element to replicate")]
    fn a_replica_of_nothing() {
        Tensor::<f32>::zeros(&[0]).pad(&[(1, 1)], Replicate);
    }

    #[test]
    #[should_panic(expected = "pad of [3]: 2 pairs (before, after) for 1 axes")]
    fn more_pairs_than_axes() {
        Tensor::<f32>::zeros(&[3]).pad(&[(1, 1), (1, 1)], Replicate);
    }
}
