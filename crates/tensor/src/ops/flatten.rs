//! Merges adjacent axes into one.

use crate::axes::resolve_axis;
use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// Merges the axes from `start` to `end`, both included, into one: `flatten(0, -1)` leaves a single axis,
    /// `flatten(1, -1)` one row per example of a batch. A scalar gets an axis of size 1.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let images = Tensor::<f32>::zeros(&[64, 1, 28, 28]);
    /// assert_eq!(images.flatten(1, -1).shape(), [64, 784]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or `start` comes after `end`.
    #[track_caller]
    pub fn flatten(&self, start: isize, end: isize) -> Tensor<F> {
        let ndim = self.ndim().max(1);
        let (first, last) = (resolve_axis("flatten", start, ndim), resolve_axis("flatten", end, ndim));
        assert!(first <= last, "flatten of {:?}: start axis {start} comes after end axis {end}", self.shape());
        if self.ndim() == 0 {
            return self.reshape(&[1]);
        }
        let shape = self.shape();
        let joined = shape[first..=last].iter().product();
        self.reshape(&[&shape[..first], &[joined], &shape[last + 1..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 5] = [&[], &[3], &[2, 3], &[2, 0, 3], &[2, 1, 3, 2]];
        sweep::shapes("reshape", &some, domain(), |x| x.flatten(0, -1));
        sweep::shapes("reshape", &[&[2, 1, 3, 2], &[2, 3, 0]], domain(), |x| x.flatten(1, 2));
    }

    #[test]
    fn shapes() {
        let x = Tensor::<f32>::zeros(&[2, 3, 4, 5]);
        for (start, end, shape) in [(0, -1, &[120][..]), (1, -1, &[2, 60]), (-3, 2, &[2, 12, 5]), (0, 0, &[2, 3, 4, 5])]
        {
            assert_eq!(x.flatten(start, end).shape(), shape);
        }
        assert_eq!(Tensor::from(7.0).flatten(0, -1), Tensor::from([7.0]));
    }

    #[test]
    #[should_panic(expected = "flatten of [2, 3]: start axis 1 comes after end axis 0")]
    fn backwards() {
        Tensor::<f32>::zeros(&[2, 3]).flatten(1, 0);
    }
}
