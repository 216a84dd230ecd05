//! A tensor laid side by side with itself; the derivative adds the gradients of the copies up.

use crate::axes::resolve_axis;
use crate::{Float, Tensor, operation, shape};

impl<F: Float> Tensor<F> {
    /// The whole tensor repeated this many times along every axis; more numbers than axes add axes in front. Called
    /// `tile` in NumPy. To repeat every element on the spot, see [`repeat_interleave`](Self::repeat_interleave).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 2.0]);
    /// let y = x.repeat(&[2, 2]);
    /// assert_eq!(y, Tensor::from([[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]));
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [4.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer numbers than axes, or if no tensor can have the shape of the result.
    #[track_caller]
    pub fn repeat(&self, repeats: &[usize]) -> Tensor<F> {
        assert!(
            repeats.len() >= self.ndim(),
            "repeat of {:?}: {repeats:?} must have a number for each of the {} axes (`tile` needs none for the first)",
            self.shape(),
            self.ndim()
        );
        repeated("repeat", self, repeats)
    }

    /// [`repeat`](Self::repeat) by NumPy's rule for fewer numbers than axes: they belong to the last axes.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(x.tile(&[2]), Tensor::from([[1.0, 2.0, 1.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    /// If no tensor can have the shape of the result.
    #[track_caller]
    pub fn tile(&self, repeats: &[usize]) -> Tensor<F> {
        let missing = self.ndim().saturating_sub(repeats.len());
        repeated("tile", self, &[&vec![1; missing], repeats].concat())
    }

    /// Every slice along an axis repeated on the spot: all the same number of times, or each its own.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 2.0, 3.0]);
    /// assert_eq!(x.repeat_interleave(&[2], 0).to_vec(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    /// let y = x.repeat_interleave(&[2, 0, 1], 0);
    /// assert_eq!(y.to_vec(), [1.0, 1.0, 3.0]);
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [2.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, if `repeats` has neither one number nor as many as the axis has positions, or if no
    /// tensor can have the shape of the result.
    #[track_caller]
    pub fn repeat_interleave(&self, repeats: &[usize], axis: isize) -> Tensor<F> {
        let axis = resolve_axis("repeat_interleave", axis, self.ndim());
        let size = self.shape()[axis];
        let name = "repeat_interleave";
        if let &[count] = repeats {
            if size == 0 {
                return self.clone();
            }
            let result = checked(name, self, axis, size.saturating_mul(count));
            // Every slice becomes a matrix of one row, and that row is repeated.
            let outer: usize = self.shape()[..axis].iter().product();
            let width = self.shape()[axis + 1..].iter().product();
            let slices = self.reshape(&[outer * size, 1, width]);
            return slices.broadcast_to(&[outer * size, count, width]).reshape(&result);
        }
        assert!(
            repeats.len() == size,
            "repeat_interleave of {:?}: {} numbers do not fit axis {axis} of size {size}; give one for all or for each",
            self.shape(),
            repeats.len()
        );
        let total = repeats.iter().fold(0_usize, |sum, &count| sum.saturating_add(count));
        checked(name, self, axis, total);
        operation::begin(name);
        let mut indices = crate::kernels::room::<usize>(&[total]);
        for (index, &count) in repeats.iter().enumerate() {
            indices.extend(std::iter::repeat_n(index, count));
        }
        self.index_select(axis as isize, &indices)
    }
}

/// The shape with another size of an axis.
#[track_caller]
fn checked<F: Float>(name: &str, x: &Tensor<F>, axis: usize, size: usize) -> Vec<usize> {
    let mut result = x.shape().to_vec();
    result[axis] = size;
    if let Err(reason) = shape::check::<F>(&result) {
        panic!("{name} of {:?}: {reason}", x.shape());
    }
    result
}

/// Repeats the last axes, as many as there are numbers.
#[track_caller]
fn repeated<F: Float>(name: &'static str, x: &Tensor<F>, repeats: &[usize]) -> Tensor<F> {
    let mut result = vec![1; repeats.len() - x.ndim()];
    result.extend(x.shape());
    let whole: Vec<usize> = result.iter().zip(repeats).map(|(size, count)| size.saturating_mul(*count)).collect();
    if let Err(reason) = shape::check::<F>(&whole) {
        panic!("{name} of {:?}: {reason}", x.shape());
    }
    let mut y = x.reshape(&result);
    // What removes all elements first, so that no step has more of them than the result. Then the last axis first: what
    // is copied later is contiguous.
    let (empty, more): (Vec<usize>, Vec<usize>) = (0..repeats.len())
        .rev()
        .filter(|&axis| repeats[axis] != 1 && result[axis] != 0)
        .partition(|&axis| repeats[axis] == 0);
    for axis in empty.into_iter().chain(more) {
        let outer = result[..axis].iter().product();
        let width = result[axis..].iter().product();
        result[axis] = whole[axis];
        y = y.reshape(&[outer, 1, width]).broadcast_to(&[outer, repeats[axis], width]).reshape(&result);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        for repeats in [&[2, 3][..], &[1, 2], &[2, 1, 3], &[0, 2]] {
            let some: [&[usize]; 5] = [&[2, 3], &[3], &[], &[1, 2], &[2, 0]];
            sweep::shapes("broadcast_to", &some, domain(), |x| x.repeat(repeats).square());
        }
        sweep::shapes("broadcast_to", &[&[2, 3], &[2, 1, 3], &[0, 3]], domain(), |x| x.tile(&[2]).square());
        let some: [&[usize]; 4] = [&[3, 2], &[3], &[3, 1, 2], &[3, 0]];
        sweep::shapes("broadcast_to", &some, domain(), |x| x.repeat_interleave(&[2], 0).square());
        sweep::shapes("index_select", &some, domain(), |x| x.repeat_interleave(&[2, 0, 1], 0).square());
        sweep::shapes("index_select", &[&[2, 3]], domain(), |x| x.repeat_interleave(&[1, 1, 2], -1).square());
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(x.repeat(&[2, 1]), Tensor::from([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]));
        assert_eq!(x.repeat(&[1, 2]), Tensor::from([[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]]));
        assert_eq!(x.repeat(&[2, 0, 1]).shape(), [2, 0, 2]);
        assert_eq!(x.tile(&[]), x);
        assert_eq!(x.tile(&[2, 1, 1]).shape(), [2, 2, 2]);
        assert_eq!(x.repeat_interleave(&[2], 0), Tensor::from([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0]]));
        assert_eq!(x.repeat_interleave(&[1, 3], 1), Tensor::from([[1.0, 2.0, 2.0, 2.0], [3.0, 4.0, 4.0, 4.0]]));
        assert_eq!(x.repeat_interleave(&[0], 1).shape(), [2, 0]);
        assert_eq!(Tensor::<f32>::zeros(&[2, 0]).repeat_interleave(&[], 1).shape(), [2, 0]);
        // One axis of size 1 takes either rule, to the same effect.
        assert_eq!(Tensor::from([5.0]).repeat_interleave(&[3], 0).to_vec(), [5.0; 3]);
    }

    /// As many axes as a tensor can have.
    #[test]
    fn of_64_axes() {
        let mut shape = vec![1; 64];
        shape[63] = 2;
        let x = Tensor::<f32>::ones(&shape);
        shape[0] = 3;
        assert_eq!(x.repeat(&shape).shape(), [&[3], &[1; 62][..], &[4]].concat());
    }

    #[test]
    #[should_panic(expected = "repeat of [2, 3]: [2] must have a number for each of the 2 axes")]
    fn too_few_numbers() {
        Tensor::<f32>::zeros(&[2, 3]).repeat(&[2]);
    }

    #[test]
    #[should_panic(expected = "repeat_interleave of [2, 3]: 2 numbers do not fit axis 1 of size 3")]
    fn another_number_of_numbers() {
        Tensor::<f32>::zeros(&[2, 3]).repeat_interleave(&[2, 2], 1);
    }
}
