//! Reorders the axes; the derivative restores the order. Shares memory.

use ndarray::{Dimension, IxDyn};

use crate::Elements;
use crate::axes::resolve_axis;
use crate::{Attribute, Float, Formula, Op, Tensor, apply, compiled};

struct Permute(IxDyn);

impl<F: Float> Op<F, 1> for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x with its axes in another order", &[("x", "dy with its axes in the old order")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("order", self.0.slice().into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        x.permuted(self.0.slice())
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let mut inverse = self.0.clone();
        for (to, &from) in self.0.slice().iter().enumerate() {
            inverse[from] = to;
        }
        apply(Permute(inverse), [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// Reorders the axes: axis `i` of the result is axis `axes[i]` of this tensor.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros(&[2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape(), [4, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// If `axes` is not a permutation: an axis is missing, named twice or out of range.
    #[doc(alias("movedim", "swapaxes"))]
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Tensor<F> {
        let mut order: Vec<usize> = Vec::with_capacity(axes.len());
        // A loop: in a closure, a panic would not report the caller's line.
        for &axis in axes {
            order.push(resolve_axis("permute", axis, self.ndim()));
        }
        let complete = order.len() == self.ndim() && (0..self.ndim()).all(|axis| order.contains(&axis));
        assert!(
            complete,
            "permute of {:?}: {axes:?} is not a permutation of the {} axes; name each of them once",
            self.shape(),
            self.ndim()
        );
        apply(Permute(IxDyn(&order)), [self])
    }

    /// Swaps two axes.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros(&[2, 3, 4]);
    /// assert_eq!(x.transpose(0, -1).shape(), [4, 3, 2]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Tensor<F> {
        let mut order = IxDyn::zeros(self.ndim());
        order.slice_mut().iter_mut().enumerate().for_each(|(axis, from)| *from = axis);
        let (a, b) = (resolve_axis("transpose", a, self.ndim()), resolve_axis("transpose", b, self.ndim()));
        order.slice_mut().swap(a, b);
        apply(Permute(order), [self])
    }

    /// [`transpose`](Self::transpose) under NumPy's name.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::<f32>::zeros(&[2, 3, 4]).swapaxes(0, -1).shape(), [4, 3, 2]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "swapdims")]
    #[track_caller]
    pub fn swapaxes(&self, a: isize, b: isize) -> Tensor<F> {
        let (a, b) = (resolve_axis("swapaxes", a, self.ndim()), resolve_axis("swapaxes", b, self.ndim()));
        self.transpose(a as isize, b as isize)
    }

    /// Moves an axis to another place, counted in the result; the others keep their order.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let images = Tensor::<f32>::zeros(&[8, 28, 30, 3]);
    /// assert_eq!(images.movedim(-1, 1).shape(), [8, 3, 28, 30]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "moveaxis")]
    #[track_caller]
    pub fn movedim(&self, from: isize, to: isize) -> Tensor<F> {
        let (from, to) = (resolve_axis("movedim", from, self.ndim()), resolve_axis("movedim", to, self.ndim()));
        let mut order: Vec<usize> = (0..self.ndim()).filter(|&axis| axis != from).collect();
        order.insert(to, from);
        apply(Permute(IxDyn(&order)), [self])
    }

    /// The transpose of a matrix, or of every matrix in a stack.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0]]).t(), Tensor::from([[1.0], [2.0]]));
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> Tensor<F> {
        assert!(
            self.ndim() >= 2,
            "t of {:?}: a tensor must have at least two axes to be transposed; add one with `.unsqueeze(axis)`",
            self.shape()
        );
        self.transpose(-1, -2)
    }
}

compiled!(Op<1> Permute);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::shapes("permute", &[&[]], domain(), |x| x.permute(&[]).square());
        sweep::shapes("permute", &[&[3], &[0]], domain(), |x| x.permute(&[-1]).square());
        sweep::shapes("permute", &[&[2, 3], &[1, 3], &[2, 0]], domain(), |x| x.t().square());
        sweep::shapes("permute", &[&[2, 3, 2], &[1, 3, 0]], domain(), |x| x.permute(&[2, 0, 1]).square());
        sweep::shapes("permute", &[&[2, 1, 3, 2]], domain(), |x| x.permute(&[3, 1, -4, 2]).square());
        sweep::shapes("permute", &[&[2, 1, 3, 2]], domain(), |x| x.transpose(0, -2).square());
        sweep::shapes("permute", &[&[2, 1, 3, 2], &[2, 0, 3]], domain(), |x| x.movedim(0, -1).square());
    }

    /// As `numpy.moveaxis` and `numpy.swapaxes`.
    #[test]
    fn axes_that_move() {
        let x = Tensor::<f32>::zeros(&[2, 3, 4, 5]);
        let moved = [(0, 2), (3, 0), (-1, -2), (1, 1), (0, -1)].map(|(from, to)| x.movedim(from, to).shape().to_vec());
        assert_eq!(moved, [[3, 4, 2, 5], [5, 2, 3, 4], [2, 3, 5, 4], [2, 3, 4, 5], [3, 4, 5, 2]]);
        assert_eq!(x.swapaxes(1, -1).shape(), [2, 5, 4, 3]);
        let x = Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]);
        assert_eq!(x.movedim(2, 0), Tensor::from([[[1.0], [3.0]], [[2.0], [4.0]]]));
    }

    #[test]
    #[should_panic(expected = "movedim: axis 2 is out of range for a tensor with 2 axes")]
    fn to_a_place_that_is_not_there() {
        Tensor::<f32>::zeros(&[2, 3]).movedim(0, 2);
    }
}
