//! Splits an axis into several: the inverse of [`flatten`](Tensor::flatten). Composed of `reshape`.

use ndarray::Dimension;

use super::reshape::NewShape;
use crate::axes::resolve_axis;
use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Splits an axis into several, whose sizes multiply to its own. In a tuple, one of them may be -1, as in
    /// [`reshape`](Self::reshape).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let rows = Tensor::<f32>::zeros(&[64, 784]);
    /// assert_eq!(rows.unflatten(1, &[1, 28, 28]).shape(), [64, 1, 28, 28]);
    /// assert_eq!(rows.unflatten(-1, (-1, 28)).shape(), [64, 28, 28]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, the sizes do not multiply to its own, a size of -1 cannot be inferred, or the tensor
    /// would have too many axes.
    #[track_caller]
    pub fn unflatten(&self, axis: isize, sizes: impl NewShape) -> Tensor<F> {
        let axis = resolve_axis("unflatten", axis, self.ndim());
        let size = self.shape()[axis];
        let sizes = match sizes.sizes(size) {
            Ok(sizes) => sizes,
            Err(reason) => panic!("unflatten of {:?}: axis {axis}: {reason}", self.shape()),
        };
        let sizes = sizes.slice();
        // An empty tensor could be reshaped to any other empty shape, but its axes of other sizes must stay.
        let product = sizes.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        assert!(
            product == Some(size) || sizes.contains(&0) && size == 0,
            "unflatten of {:?}: axis {axis} has size {size}, which is not the product of {sizes:?}",
            self.shape()
        );
        self.reshape(&[&self.shape()[..axis], sizes, &self.shape()[axis + 1..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let some: [&[usize]; 4] = [&[6], &[6, 2], &[6, 0], &[6, 1, 2]];
        sweep::shapes("reshape", &some, Domain::between(-2.0, 2.0), |x| x.unflatten(0, &[2, 3]).square());
        sweep::shapes("reshape", &[&[2, 0]], Domain::between(-2.0, 2.0), |x| x.unflatten(-1, &[0, 5]));
    }

    #[test]
    fn undoes_flatten() {
        let x = Tensor::arange(0.0, 24.0, 1.0).reshape(&[2, 3, 4]);
        assert_eq!(x.flatten(1, 2).unflatten(1, &[3, 4]), x);
        assert_eq!(x.flatten(0, 1).unflatten(0, (-1, 3)), x);
        assert_eq!(x.unflatten(-1, &[4]), x);
        assert_eq!(x.unflatten(2, (2, 1, -1)).shape(), [2, 3, 2, 1, 2]);
        assert_eq!(Tensor::from([5.0]).unflatten(0, &[]), Tensor::from(5.0));
    }

    #[test]
    #[should_panic(expected = "unflatten of [2, 6]: axis 1 has size 6, which is not the product of [4, 2]")]
    fn another_product() {
        Tensor::<f32>::zeros(&[2, 6]).unflatten(1, &[4, 2]);
    }

    /// Although the number of elements, 0, would be the same.
    #[test]
    #[should_panic(expected = "unflatten of [0, 6]: axis 1 has size 6, which is not the product of [5]")]
    fn of_an_empty_tensor() {
        Tensor::<f32>::zeros(&[0, 6]).unflatten(1, &[5]);
    }
}
