//! Several axes become one.

use downhill_tensor::{Float, Params, Tensor};

use crate::Module;

/// Takes neighbouring axes together: all but the first, the batch, unless told otherwise. Images `[batch, height, width]`
/// become rows `[batch, height·width]` for a [`Linear`](crate::Linear) layer.
///
/// ```
/// use downhill_nn::{Flatten, Module};
/// use downhill_tensor::Tensor;
/// assert_eq!(Flatten::default().forward(&Tensor::<f32>::zeros(&[64, 28, 28])).shape(), [64, 784]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct Flatten {
    /// The first of the axes; negative ones count from the end.
    #[params(skip)]
    pub start: isize,
    /// The last of the axes; negative ones count from the end.
    #[params(skip)]
    pub end: isize,
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten { start: 1, end: -1 }
    }
}

impl<F: Float> Module<F> for Flatten {
    /// # Panics
    /// If an axis is out of range, or `end` comes before `start`.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let ndim = x.ndim() as isize;
        let position = |axis: isize| if axis < 0 { axis + ndim } else { axis };
        let (start, end) = (position(self.start), position(self.end));
        assert!(
            0 <= start && start <= end && end < ndim,
            "flatten of {:?}: there are no axes {} to {}; the first axis has number 0",
            x.shape(),
            self.start,
            self.end
        );
        let (before, rest) = x.shape().split_at(start as usize);
        let (together, behind) = rest.split_at((end - start) as usize + 1);
        x.reshape(&[before, &[together.iter().product()], behind].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(start: isize, end: isize) -> Vec<usize> {
        Flatten { start, end }.forward(&Tensor::<f32>::zeros(&[2, 3, 4, 5])).shape().to_vec()
    }

    #[test]
    fn any_run_of_axes() {
        assert_eq!(flattened(1, -1), [2, 60]);
        assert_eq!(flattened(0, -1), [120]);
        assert_eq!(flattened(-3, 2), [2, 12, 5]);
        assert_eq!(flattened(2, 2), [2, 3, 4, 5]);
    }

    #[test]
    #[should_panic(expected = "flatten of [2, 3, 4, 5]: there are no axes 2 to 1")]
    fn backwards() {
        flattened(2, 1);
    }

    #[test]
    #[should_panic(expected = "flatten of [5]: there are no axes 1 to -1")]
    fn no_batch() {
        Flatten::default().forward(&Tensor::<f32>::zeros(&[5]));
    }
}
