//! The sum that undoes a broadcast: if `y = x.broadcast_to(s)`, the gradient with respect to `x` is `dy.sum_to_size(x.shape())`.
//! Composed of [`sum_axis`](Tensor::sum_axis).

use crate::kernels::broadcast_shape;
use crate::{Axes, Float, Tensor, keep};

impl<F: Float> Tensor<F> {
    /// Sums down to `shape`, which must broadcast to this tensor's shape: over the axes in front that `shape` does not have, and
    /// those where it has size 1. The transpose of [`broadcast_to`](Self::broadcast_to).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.sum_to_size(&[3]).to_vec(), [5.0, 7.0, 9.0]);
    /// assert_eq!(x.sum_to_size(&[2, 1]), Tensor::from([[6.0], [15.0]]));
    /// ```
    ///
    /// # Panics
    /// If `shape` does not broadcast to this tensor's shape.
    #[track_caller]
    pub fn sum_to_size(&self, shape: &[usize]) -> Tensor<F> {
        match self.try_sum_to_size(shape) {
            Some(sum) => sum,
            None => panic!(
                "sum_to_size: {:?} cannot be summed to {shape:?}, which does not broadcast to it: axes can be summed to size 1, \
                 or away if they are in front",
                self.shape()
            ),
        }
    }

    /// [`sum_to_size`](Self::sum_to_size), or `None` where it panics.
    pub(crate) fn try_sum_to_size(&self, shape: &[usize]) -> Option<Tensor<F>> {
        broadcast_shape(self.shape(), shape).ok().filter(|joint| joint == self.shape())?;
        let leading = self.ndim() - shape.len();
        if self.shape()[leading..] == *shape {
            return Some(if leading == 0 { self.clone() } else { self.sum_axis(Axes::first(leading)) });
        }
        let stretched = |axis: usize| axis < leading || (shape[axis - leading] == 1 && self.shape()[axis] != 1);
        let axes: Vec<isize> = (0..self.ndim()).filter(|&axis| stretched(axis)).map(|axis| axis as isize).collect();
        let sum = self.sum_axis(keep(Axes::from(axes.as_slice())));
        Some(if leading == 0 { sum } else { sum.reshape(shape) })
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::sweep::{self, Domain};

    const FITTING: [(&[usize], &[usize]); 11] = [
        (&[3], &[]),
        (&[2, 3], &[]),
        (&[2, 3], &[3]),
        (&[2, 3], &[1, 3]),
        (&[2, 3], &[2, 1]),
        (&[2, 3], &[1, 1]),
        (&[4, 2, 3], &[2, 1]),
        (&[4, 1, 3], &[1, 1, 3]),
        (&[0, 3], &[1, 3]),
        (&[2, 0], &[2, 1]),
        (&[2, 2, 2, 2], &[2, 1, 2, 1]),
    ];

    #[test]
    fn derivatives() {
        for (from, to) in FITTING {
            sweep::shapes("sum", &[from], Domain::between(-2.0, 2.0), |x| x.square().sum_to_size(to));
        }
    }

    /// The definition of the transpose: `⟨sum_to_size(x), z⟩ = ⟨x, broadcast_to(z)⟩`, exact in small integers.
    #[test]
    fn is_the_transpose_of_broadcast_to() {
        let integers = |shape: &[usize], step: f64| {
            let len: usize = shape.iter().product();
            Tensor::from_shape_vec(shape, (0..len).map(|i| (i as f64 * step) % 7.0 - 3.0).collect::<Vec<_>>())
        };
        for (from, to) in FITTING {
            let (x, z) = (integers(from, 3.0), integers(to, 2.0));
            let sum = x.sum_to_size(to);
            assert_eq!(sum.shape(), to);
            assert_eq!((sum * &z).sum(), (&x * z.broadcast_to(from)).sum(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn of_its_own_shape_it_is_the_same_tensor() {
        let x = Tensor::param([[1.0, 2.0]]);
        assert_eq!(x.sum_to_size(&[1, 2]).id(), x.id());
    }

    #[test]
    #[should_panic(expected = "sum_to_size: [2, 3] cannot be summed to [2]")]
    fn what_does_not_broadcast() {
        Tensor::<f32>::zeros(&[2, 3]).sum_to_size(&[2]);
    }

    #[test]
    #[should_panic(expected = "sum_to_size: [3] cannot be summed to [1, 3]")]
    fn more_axes() {
        Tensor::<f32>::zeros(&[3]).sum_to_size(&[1, 3]);
    }
}
