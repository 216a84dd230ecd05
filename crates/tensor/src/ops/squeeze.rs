//! Removes and inserts axes of size 1.

use crate::{Axes, Float, MAX_AXES, Tensor};

impl<F: Float> Tensor<F> {
    /// The tensor without its axes of size 1.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::<f32>::zeros(&[1, 3, 1]).squeeze().shape(), [3]);
    /// ```
    pub fn squeeze(&self) -> Tensor<F> {
        let shape: Vec<usize> = self.shape().iter().copied().filter(|&n| n != 1).collect();
        self.reshape(&shape)
    }

    /// The tensor without some [`Axes`], which must have size 1.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros(&[1, 3, 1]);
    /// assert_eq!(x.squeeze_axis(-1).shape(), [1, 3]);
    /// assert_eq!(x.squeeze_axis([0, 2]).shape(), [3]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or its size is not 1 (PyTorch leaves such an axis as it is).
    #[track_caller]
    pub fn squeeze_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into().resolve("squeeze", self.ndim());
        let shape = self.shape();
        if let Some(axis) = (0..shape.len()).find(|&axis| axes.contains(axis) && shape[axis] != 1) {
            panic!("squeeze of {shape:?}: axis {axis} has size {}, not 1", shape[axis]);
        }
        let kept: Vec<usize> = (0..shape.len()).filter(|&axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
        self.reshape(&kept)
    }

    /// The tensor with new [`Axes`] of size 1, counted in the result: -1 inserts the last axis.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.unsqueeze(0), Tensor::from([[1.0, 2.0]]));
    /// assert_eq!(x.unsqueeze(-1), Tensor::from([[1.0], [2.0]]));
    /// assert_eq!(x.unsqueeze([0, 2]).shape(), [1, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range for the result or named twice, a range does not say how many there are (`..`, `1..`),
    /// or the result would have more axes than a tensor can have.
    #[doc(alias("expand_dims", "newaxis", "insert_axis"))]
    #[track_caller]
    pub fn unsqueeze(&self, axes: impl Into<Axes>) -> Tensor<F> {
        let axes = axes.into();
        let Some(count) = axes.count() else {
            panic!("unsqueeze: an open range does not say how many axes to insert; name them, as in `[0, 2]`")
        };
        let ndim = self.ndim().saturating_add(count);
        // Checked before the axes are resolved: a set of axes holds at most `MAX_AXES`.
        if ndim > MAX_AXES {
            panic!("unsqueeze: a tensor has at most {MAX_AXES} axes, not {ndim}");
        }
        let new = axes.resolve("unsqueeze", ndim);
        let mut old = self.shape().iter();
        let size =
            |axis| if new.contains(axis) { 1 } else { *old.next().expect("an old axis for each that is not new") };
        let shape: Vec<usize> = (0..ndim).map(size).collect();
        self.reshape(&shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 5] = [&[], &[1], &[1, 3], &[2, 1, 3], &[1, 0, 1]];
        sweep::shapes("reshape", &some, domain(), |x| x.squeeze());
        sweep::shapes("reshape", &[&[2, 1], &[2, 3, 1], &[0, 1]], domain(), |x| x.squeeze_axis(-1));
        sweep::shapes("reshape", &some, domain(), |x| x.unsqueeze(0));
        sweep::shapes("reshape", &some, domain(), |x| x.unsqueeze(-1));
        sweep::shapes("reshape", &some, domain(), |x| x.unsqueeze([0, -1]));
    }

    #[test]
    fn shapes() {
        let x = Tensor::<f32>::zeros(&[1, 3, 1, 1]);
        assert_eq!(x.squeeze_axis([0, -1]).shape(), [3, 1]);
        assert_eq!(x.squeeze().unsqueeze(1).unsqueeze(0).shape(), [1, 3, 1]);
    }

    /// `numpy.expand_dims` of an array of shape (2, 3).
    #[test]
    fn several_new_axes() {
        let x = Tensor::<f32>::zeros(&[2, 3]);
        assert_eq!(x.unsqueeze([0, 1]).shape(), [1, 1, 2, 3]);
        assert_eq!(x.unsqueeze([2, 0]).shape(), [1, 2, 1, 3]);
        assert_eq!(x.unsqueeze([-1, 0, 2]).shape(), [1, 2, 1, 3, 1]);
        assert_eq!(x.unsqueeze(vec![-2, -1]).shape(), [2, 3, 1, 1]);
        assert_eq!(x.unsqueeze(1..3).shape(), [2, 1, 1, 3]);
        assert_eq!(x.unsqueeze(-3..=-2).shape(), [2, 1, 1, 3]);
        assert_eq!(x.unsqueeze(-2..).shape(), [2, 3, 1, 1]);
        assert_eq!(x.unsqueeze([]).shape(), [2, 3]);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: axis -1 is named twice in [3, -1]")]
    fn one_axis_twice() {
        Tensor::<f32>::zeros(&[1, 3]).unsqueeze([3, -1]);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: an open range does not say how many axes")]
    fn as_many_as_it_likes() {
        Tensor::<f32>::zeros(&[1, 3]).unsqueeze(..);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: a tensor has at most 64 axes, not 100002")]
    fn more_than_there_can_be() {
        Tensor::<f32>::zeros(&[1, 3]).unsqueeze(0..100_000);
    }

    #[test]
    #[should_panic(expected = "squeeze of [1, 3]: axis 1 has size 3, not 1")]
    fn an_axis_with_elements() {
        Tensor::<f32>::zeros(&[1, 3]).squeeze_axis([0, 1]);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: axis 3 is out of range")]
    fn too_far() {
        Tensor::<f32>::zeros(&[1, 3]).unsqueeze(3);
    }
}
