//! Merges several axes into one.

use downhill_tensor::{Float, Params, Tensor};

use crate::Module;

/// Merges adjacent axes into one, by default all but the first, the batch: images `[batch, height, width]` become rows
/// `[batch, height·width]` for a [`Linear`](crate::Linear) layer.
///
/// ```
/// use downhill_nn::{Flatten, Module};
/// use downhill_tensor::Tensor;
/// assert_eq!(Flatten::default().forward(&Tensor::<f32>::zeros(&[64, 28, 28])).shape(), [64, 784]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Params)]
pub struct Flatten {
    /// The first axis to merge; negative axes count from the end.
    #[params(skip)]
    pub start: isize,
    /// The last axis to merge, inclusive; negative axes count from the end.
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
        x.flatten(self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_run_of_axes() {
        let images = Tensor::<f32>::zeros(&[2, 3, 4, 5]);
        assert_eq!(Flatten::default().forward(&images).shape(), [2, 60]);
        assert_eq!(Flatten { start: -3, end: 2 }.forward(&images).shape(), [2, 12, 5]);
    }
}
