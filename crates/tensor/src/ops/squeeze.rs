//! Axes of size 1 removed and inserted.

use crate::axes::resolve_axis;
use crate::{Axes, Float, Tensor, checked_size};

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

    /// The tensor without some [`Axes`], which have size 1.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::<f32>::zeros(&[1, 3, 1]);
    /// assert_eq!(x.squeeze_axis(-1).shape(), [1, 3]);
    /// assert_eq!(x.squeeze_axis([0, 2]).shape(), [3]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or has another size than 1 (PyTorch leaves such an axis as it is).
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

    /// The tensor with a new axis of size 1, which is number `axis` of the result; -1 makes it the last.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.unsqueeze(0), Tensor::from([[1.0, 2.0]]));
    /// assert_eq!(x.unsqueeze(-1), Tensor::from([[1.0], [2.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range for the result, or the tensor has as many axes as it can.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Tensor<F> {
        let axis = resolve_axis("unsqueeze", axis, self.ndim() + 1);
        let mut shape = self.shape().to_vec();
        shape.insert(axis, 1);
        checked_size::<F>("unsqueeze", &shape);
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
    }

    #[test]
    fn shapes() {
        let x = Tensor::<f32>::zeros(&[1, 3, 1, 1]);
        assert_eq!(x.squeeze_axis([0, -1]).shape(), [3, 1]);
        assert_eq!(x.squeeze().unsqueeze(1).unsqueeze(0).shape(), [1, 3, 1]);
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
