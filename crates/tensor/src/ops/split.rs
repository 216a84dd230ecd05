//! Splits a tensor along an axis, the inverse of [`concat`](super::concat()). The pieces share memory.

use crate::axes::resolve_axis;
use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Splits an axis into pieces of `size` positions; the last may be shorter. An empty axis gives one empty piece, as
    /// in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]);
    /// let pieces = x.split(2, 0);
    /// assert_eq!(pieces[0], Tensor::from([1.0, 2.0]));
    /// assert_eq!(pieces[2], Tensor::from([5.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `size` is 0.
    #[track_caller]
    pub fn split(&self, size: usize, axis: isize) -> Vec<Tensor<F>> {
        let length = self.shape()[resolve_axis("split", axis, self.ndim())];
        assert!(size > 0, "split of {:?}: size must be at least 1, got 0", self.shape());
        // An empty axis gives one empty piece.
        let (mut pieces, count) = (Vec::new(), length.max(1).div_ceil(size));
        let room = pieces.try_reserve_exact(count);
        assert!(room.is_ok(), "split of {:?}: out of memory: cannot allocate {count} pieces", self.shape());
        for start in (0..length.max(1)).step_by(size) {
            pieces.push(self.narrow(axis, start, size.min(length - start)));
        }
        pieces
    }

    /// Splits an axis into pieces of the given sizes.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// let pieces = x.split_sizes(&[1, 2], 1);
    /// assert_eq!(pieces[1], Tensor::from([[2.0, 3.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or the sizes do not add up to its size.
    #[track_caller]
    pub fn split_sizes(&self, sizes: &[usize], axis: isize) -> Vec<Tensor<F>> {
        let resolved = resolve_axis("split_sizes", axis, self.ndim());
        let total = sizes.iter().fold(0, |sum: usize, &size| sum.saturating_add(size));
        let length = self.shape()[resolved];
        assert!(
            total == length,
            "split_sizes of {:?}: the sizes {sizes:?} add up to {total}, but axis {resolved} has size {length}",
            self.shape()
        );
        let mut pieces = Vec::with_capacity(sizes.len());
        let mut start = 0;
        for &size in sizes {
            pieces.push(self.narrow(axis, start, size));
            start += size;
        }
        pieces
    }

    /// Splits an axis into at most `count` pieces. Their size is that of the axis divided by `count`, rounded up, so
    /// the last piece may be shorter and there may be fewer than `count`. An empty axis gives `count` empty pieces. All
    /// as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let gates = Tensor::<f32>::zeros(&[16, 4 * 32]);
    /// let pieces = gates.chunk(4, -1);
    /// assert_eq!((pieces.len(), pieces[0].shape()), (4, &[16, 32][..]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `count` is 0.
    #[track_caller]
    pub fn chunk(&self, count: usize, axis: isize) -> Vec<Tensor<F>> {
        let length = self.shape()[resolve_axis("chunk", axis, self.ndim())];
        assert!(count > 0, "chunk of {:?}: count must be at least 1, got 0", self.shape());
        match length.div_ceil(count) {
            0 => {
                let mut pieces = Vec::new();
                if pieces.try_reserve_exact(count).is_err() {
                    panic!("chunk of {:?}: out of memory: cannot allocate {count} empty pieces", self.shape());
                }
                pieces.resize(count, self.clone());
                pieces
            }
            size => self.split(size, axis),
        }
    }

    /// The slices along an axis, without it: the inverse of [`stack`](crate::stack). They share memory.
    ///
    /// ```
    /// use downhill_tensor::{Tensor, stack};
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let columns = x.unbind(1);
    /// assert_eq!(columns[2], Tensor::from([3.0, 6.0]));
    /// assert_eq!(stack(&columns, 1), x);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or there are more slices than fit in memory.
    #[doc(alias = "unstack")]
    #[track_caller]
    pub fn unbind(&self, axis: isize) -> Vec<Tensor<F>> {
        let resolved = resolve_axis("unbind", axis, self.ndim());
        let (mut slices, count) = (Vec::new(), self.shape()[resolved]);
        let room = slices.try_reserve_exact(count);
        assert!(room.is_ok(), "unbind of {:?}: out of memory: cannot allocate {count} slices", self.shape());
        for index in 0..count {
            slices.push(self.select(resolved as isize, index));
        }
        slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{concat, stack};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 5] = [&[5], &[0], &[2, 5], &[2, 1, 5], &[0, 5]];
        sweep::shapes("narrow", &some, domain(), |x| {
            let pieces = x.split(2, -1);
            &pieces[0] * 2.0 + pieces.last().expect("at least one").sum()
        });
        sweep::shapes("slice", &[&[3], &[3, 2], &[3, 0], &[3, 1, 2]], domain(), |x| {
            let slices = x.unbind(0);
            slices[0].square() - &slices[2] * &slices[1]
        });
    }

    #[test]
    fn pieces_come_together_again() {
        let x = Tensor::from([[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]]);
        let widths = |pieces: &[Tensor<f64>]| pieces.iter().map(|piece| piece.shape()[1]).collect::<Vec<_>>();
        for (pieces, expected) in [
            (x.split(2, 1), &[2, 2, 1][..]),
            (x.split(7, -1), &[5]),
            (x.split_sizes(&[0, 4, 1], 1), &[0, 4, 1]),
            (x.chunk(3, 1), &[2, 2, 1]),
            (x.chunk(4, 1), &[2, 2, 1]),
            (x.chunk(9, 1), &[1, 1, 1, 1, 1]),
        ] {
            assert_eq!(widths(&pieces), expected);
            assert_eq!(concat(&pieces, 1), x);
        }
    }

    #[test]
    fn slices_stack_up_again() {
        let x = Tensor::from([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]);
        for axis in [0, 1, 2, -1] {
            let slices = x.unbind(axis);
            assert_eq!(slices.len(), x.shape()[if axis < 0 { 2 } else { axis as usize }]);
            assert_eq!(stack(&slices, axis), x);
        }
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).unbind(1), []);
        assert_eq!(Tensor::<f32>::zeros(&[0, 2]).unbind(1)[1].shape(), [0]);
    }

    /// As in PyTorch: `chunk` gives `count` pieces of size 0, `split` gives one.
    #[test]
    fn an_empty_axis() {
        let nothing = Tensor::param(Tensor::<f64>::zeros(&[2, 0]));
        let shapes = |pieces: &[Tensor<f64>]| pieces.iter().map(|piece| piece.shape().to_vec()).collect::<Vec<_>>();
        assert_eq!(shapes(&nothing.chunk(3, 1)), vec![[2, 0]; 3]);
        assert_eq!(shapes(&nothing.chunk(1, -1)), [[2, 0]]);
        assert_eq!(shapes(&nothing.split(2, 1)), [[2, 0]]);
        assert_eq!(shapes(&nothing.split_sizes(&[0, 0], 1)), vec![[2, 0]; 2]);
        assert_eq!(nothing.split_sizes(&[], 1), []);
        // The other axis is not empty.
        assert_eq!(shapes(&nothing.chunk(2, 0)), vec![[1, 0]; 2]);
        let [a, b, c] = <[_; 3]>::try_from(nothing.chunk(3, 1)).expect("three");
        assert_eq!(concat(&[a, b, c], 1).sum().backward()[&nothing].shape(), [2, 0]);
    }

    #[test]
    #[should_panic(expected = "split_sizes of [5]: the sizes [2, 2] add up to 4, but axis 0 has size 5")]
    fn sizes_that_do_not_add_up() {
        Tensor::<f32>::zeros(&[5]).split_sizes(&[2, 2], 0);
    }

    #[test]
    #[should_panic(expected = "chunk of [0]: out of memory: cannot allocate 18446744073709551615 empty pieces")]
    #[cfg(target_pointer_width = "64")]
    fn more_empty_pieces_than_there_is_memory() {
        Tensor::<f32>::zeros(&[0]).chunk(usize::MAX, 0);
    }

    #[test]
    #[should_panic(expected = "split of [5]: size must be at least 1, got 0")]
    fn size_zero() {
        Tensor::<f32>::zeros(&[5]).split(0, 0);
    }
}
