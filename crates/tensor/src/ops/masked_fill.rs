//! A number where a mask holds: [`where_`](super::where_) with a scalar.

use ndarray::{ArrayRef, Dimension};

use super::where_;
use crate::kernels::joint_shape;
use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The tensor with `value` where the mask holds, with broadcasting. No gradient flows to what was replaced.
    ///
    /// Before a softmax, fill with -inf to exclude elements.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let x = Tensor::param([1.0, 2.0, 3.0]);
    /// let y = x.masked_fill(&array![false, true, false], 9.0);
    /// assert_eq!(y.to_vec(), [1.0, 9.0, 3.0]);
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the mask does not broadcast with the tensor.
    #[track_caller]
    pub fn masked_fill<D: Dimension>(&self, mask: &ArrayRef<bool, D>, value: F) -> Tensor<F> {
        if let Err(reason) = joint_shape::<F>(self.shape(), mask.shape()) {
            panic!("masked_fill of {:?}: with a mask of shape {:?}, {reason}", self.shape(), mask.shape());
        }
        where_(mask, value, self)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let some: [&[usize]; 4] = [&[2, 3], &[3], &[2, 1], &[]];
        sweep::shapes("where_", &some, Domain::between(-2.0, 2.0), |x| {
            x.masked_fill(&array![[true, false, false], [false, true, true]], 0.5).square()
        });
        sweep::shapes("where_", &[&[0, 3], &[2, 0, 3]], Domain::between(-2.0, 2.0), |x| {
            x.masked_fill(&Array2::default((0, 3)), 0.5).square()
        });
    }

    #[test]
    fn the_mask_broadcasts() {
        let x = Tensor::from([[1.0, 2.0], [f64::NAN, 4.0]]);
        assert_eq!(x.masked_fill(&array![[false], [true]], 0.0), Tensor::from([[1.0, 2.0], [0.0, 0.0]]));
        assert_eq!(
            x.select(0, 0).masked_fill(&array![[true], [false]], -1.0),
            Tensor::from([[-1.0, -1.0], [1.0, 2.0]])
        );
    }

    #[test]
    #[should_panic(expected = "masked_fill of [2]: with a mask of shape [3], the sizes 2 and 3 of axis -1")]
    fn a_mask_of_another_size() {
        Tensor::<f32>::zeros(&[2]).masked_fill(&array![true, false, true], 0.0);
    }
}
