//! Ranges, steps and single positions along several axes at once; the derivative writes the gradient into zeros.

use ndarray::{ArrayD, IxDyn, SliceInfoElem};

use crate::Elements;
use crate::axes::resolve_axis;
use crate::kernels::{ask, copied};
use crate::{Attribute, AxisIndex, Float, Formula, MAX_AXES, Op, Tensor, apply, compiled};

/// One entry per axis of the tensor, and one per new axis.
struct Slice(Vec<SliceInfoElem>);

impl<F: Float> Op<F, 1> for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x at the entries", &[("x", "dy at the entries, 0 elsewhere")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("entries", described(&self.0).as_str().into())]
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        let entries = self.0.iter().filter(|entry| !entry.is_new_axis());
        if entries.clone().count() > x.len() {
            return Err(format!("too many indices: {} ranges or positions for {} axes", entries.count(), x.len()));
        }
        entries.enumerate().try_for_each(|(axis, entry)| fits(entry, axis, x[axis]))?;
        let axes = self.0.iter().filter(|entry| !entry.is_index()).count();
        if axes > MAX_AXES { Err(format!("a tensor has at most {MAX_AXES} axes, not {axes}")) } else { Ok(()) }
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let mut y = x.clone();
        let mut shape = Vec::new();
        let mut axis = 0;
        for entry in &self.0 {
            let size = x.shape().get(axis).copied().unwrap_or(0);
            match *entry {
                SliceInfoElem::Slice { start, end, step } if step.is_positive() => {
                    let (start, end) = bounds(start, end, size);
                    y = y.narrowed(axis, start, end, step as usize);
                    shape.push(y.shape()[axis]);
                }
                // Views have no negative strides.
                SliceInfoElem::Slice { .. } => return copied(x.view().slice(self.0.as_slice())),
                SliceInfoElem::Index(index) => {
                    y = y.narrowed(axis, from_front(index, size), from_front(index, size) + 1, 1)
                }
                SliceInfoElem::NewAxis => shape.push(1),
            }
            axis += usize::from(!entry.is_new_axis());
        }
        if y.shape() == shape { y } else { y.reshaped(IxDyn(&shape)) }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Unslice { entries: self.0.clone(), shape: x.shape().to_vec() }, [dy])
    }
}

/// In Python's notation: `[1:5:2, -1, None]`.
fn described(entries: &[SliceInfoElem]) -> String {
    let part = |entry: &SliceInfoElem| match *entry {
        SliceInfoElem::Slice { start, end, step } => {
            format!("{start}:{}:{step}", end.map_or(String::new(), |end| end.to_string()))
        }
        SliceInfoElem::Index(index) => index.to_string(),
        SliceInfoElem::NewAxis => "None".to_owned(),
    };
    format!("[{}]", entries.iter().map(part).collect::<Vec<_>>().join(", "))
}

/// The transpose of [`Slice`]: writes the tensor into zeros of this shape.
struct Unslice {
    entries: Vec<SliceInfoElem>,
    shape: Vec<usize>,
}

impl<F: Float> Op<F, 1> for Unslice {
    fn name(&self) -> &'static str {
        "unslice"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x at the entries, 0 elsewhere", &[("x", "dy at the entries")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("entries", described(&self.entries).as_str().into()), ("shape", self.shape.as_slice().into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        ask::<F>(&self.shape);
        let mut y = ArrayD::zeros(self.shape.as_slice());
        y.slice_mut(self.entries.as_slice()).assign(&x);
        y.into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Slice(self.entries.clone()), [dy])
    }
}

fn from_front(position: isize, size: usize) -> usize {
    (if position < 0 { position + size as isize } else { position }) as usize
}

/// Start and end of a checked range; a range that ends before it starts is empty.
fn bounds(start: isize, end: Option<isize>, size: usize) -> (usize, usize) {
    let start = from_front(start, size);
    (start, end.map_or(size, |end| from_front(end, size)).max(start))
}

/// Checks that an entry is in range for its axis.
fn fits(entry: &SliceInfoElem, axis: usize, size: usize) -> Result<(), String> {
    let range = -(size as isize)..=size as isize;
    match *entry {
        SliceInfoElem::Index(index) if !(range.contains(&index) && index != size as isize) => {
            Err(format!("position {index} is out of range for axis {axis} of size {size}"))
        }
        SliceInfoElem::Slice { start, end, .. }
            if !range.contains(&start) || end.is_some_and(|end| !range.contains(&end)) =>
        {
            let end = end.map_or(String::new(), |end| end.to_string());
            Err(format!("range {start}..{end} is out of range for axis {axis} of size {size}"))
        }
        SliceInfoElem::Slice { step: 0, .. } => Err(format!("the step along axis {axis} must not be 0")),
        _ => Ok(()),
    }
}

impl<F: Float> Tensor<F> {
    /// A part of the tensor, written with `ndarray`'s macro [`s!`](ndarray::s): ranges `a..b`, ranges with a step
    /// `a..b;step`, single positions, which drop their axis, and `NewAxis`, which inserts one. Negative positions count
    /// from the end. Remaining axes are kept whole.
    ///
    /// A negative step traverses the range backwards, from its end, as in `ndarray`: `s![..;-1]` reverses an axis. (In
    /// NumPy, `a` and `b` would be swapped.)
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::s;
    /// let x = Tensor::param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.slice(s![.., 1..]), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// assert_eq!(x.slice(s![-1, ..;2]), Tensor::from([4.0, 6.0]));
    /// assert_eq!(x.slice(s![0]).sum().backward()[&x], Tensor::from([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If a range or position is out of range for its axis, or there are more of them than axes.
    #[track_caller]
    pub fn slice(&self, ranges: impl AsRef<[SliceInfoElem]>) -> Tensor<F> {
        let mut entries = ranges.as_ref().to_vec();
        let mentioned = entries.iter().filter(|entry| !entry.is_new_axis()).count();
        let whole = SliceInfoElem::Slice { start: 0, end: None, step: 1 };
        entries.extend((mentioned..self.ndim()).map(|_| whole));
        apply(Slice(entries), [self])
    }

    /// A single position along an axis, which is dropped.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.select(1, 0), Tensor::from([1.0, 3.0]));
    /// assert_eq!(x.select(0, -1), Tensor::from([3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or the index is out of range.
    #[track_caller]
    pub fn select(&self, axis: isize, index: impl AxisIndex) -> Tensor<F> {
        let axis = resolve_axis("select", axis, self.ndim());
        let size = self.shape()[axis];
        let Some(position) = index.in_axis(size).filter(|&position| position < size) else {
            panic!("select of {:?}: index {index} is out of range for axis {axis} of size {size}", self.shape())
        };
        let mut entries = vec![SliceInfoElem::Slice { start: 0, end: None, step: 1 }; self.ndim()];
        entries[axis] = SliceInfoElem::Index(position as isize);
        apply(Slice(entries), [self])
    }
}

compiled!(Op<1> Slice);
compiled!(Op<1> Unslice);

#[cfg(test)]
#[allow(clippy::reversed_empty_ranges)] // `1..-1` counts from the end.
mod tests {
    use ndarray::{Array, NewAxis, s};

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::shapes("slice", &[&[4], &[4, 2], &[5, 1, 2], &[4, 0]], domain(), |x| x.slice(s![1..-1]));
        sweep::shapes("slice", &[&[2, 4], &[2, 5], &[1, 4, 2]], domain(), |x| x.slice(s![-1, ..;2]));
        sweep::shapes("slice", &[&[2, 5], &[1, 4, 2]], domain(), |x| x.slice(s![NewAxis, .., 1..;-2]));
        sweep::shapes("slice", &[&[2, 1], &[2, 3]], domain(), |x| x.slice(s![1, 0]));
        sweep::shapes("slice", &[&[2, 3], &[2, 3, 2], &[0, 3]], domain(), |x| x.select(1, 2));
        let entries = || s![.., 1..;2, 0].as_ref().to_vec();
        let unslice = |x: &Tensor<f64>| apply(Unslice { entries: entries(), shape: vec![2, 4, 3] }, [x]);
        sweep::shapes("unslice", &[&[2, 2]], domain(), unslice);
    }

    #[test]
    fn select_counts_negative_indices_from_the_end() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        for index in 0..3 {
            assert_eq!(x.select(1, index - 3), x.select(1, index));
        }
    }

    #[test]
    #[should_panic(expected = "select of [2, 3]: index -4 is out of range for axis 1 of size 3")]
    fn select_before_the_front() {
        Tensor::<f32>::zeros(&[2, 3]).select(1, -4);
    }

    #[test]
    fn as_ndarray_does() {
        let x = Tensor::from(Array::range(0.0, 125.0, 1.0)).reshape(&[5, 5, 5]);
        for entries in [
            s![1.., ..2, -1].as_ref(),
            s![.., 1..3;2, ..;3].as_ref(),
            s![..;-1, 1..;-2, 2..2].as_ref(),
            s![-2, 3..1, NewAxis, ..].as_ref(),
            s![0, 1, 2].as_ref(),
            s![5.., .., ..].as_ref(),
            s![3.., .., ..;7].as_ref(),
        ] {
            assert_eq!(x.slice(entries).view(), x.view().slice(entries), "{entries:?}");
            assert_eq!(x.transpose(0, 2).slice(entries).view(), x.view().permuted_axes(vec![2, 1, 0]).slice(entries));
        }
    }

    #[test]
    fn ranges_share_memory() {
        // Large enough not to be stored inline, where views are copies: see `kernels/memory.rs`.
        let x = Tensor::<f64>::zeros(&[10, 10]);
        let second: *const f64 = &x.view()[[0, 1]];
        assert_eq!(x.slice(s![.., 1..]).view().as_ptr(), second);
        assert_eq!(x.select(0, 0).view().as_ptr(), x.view().as_ptr());
    }

    #[test]
    #[should_panic(expected = "slice of [2, 3]: range 1..4 is out of range for axis 1 of size 3")]
    fn a_range_too_long() {
        Tensor::<f32>::zeros(&[2, 3]).slice(s![.., 1..4]);
    }

    #[test]
    #[should_panic(expected = "slice of [2, 3]: position 2 is out of range for axis 0 of size 2")]
    fn a_position_too_far() {
        Tensor::<f32>::zeros(&[2, 3]).slice(s![2]);
    }

    #[test]
    #[should_panic(expected = "slice of [2]: too many indices: 2 ranges or positions for 1 axes")]
    fn too_many() {
        Tensor::<f32>::zeros(&[2]).slice(s![.., 0]);
    }

    #[test]
    #[should_panic(expected = "select of [2, 3]: index 3 is out of range for axis 1 of size 3")]
    fn select_too_far() {
        Tensor::<f32>::zeros(&[2, 3]).select(-1, 3);
    }
}
