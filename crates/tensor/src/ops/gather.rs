//! One element for each index, along an axis; the derivative is [`scatter_add`](super::scatter_add).

use ndarray::{ArcArray, ArrayD, ArrayRef, ArrayViewD, Axis, Dimension, IxDyn, Slice, Zip};

use super::scatter_add::scatter_add;
use crate::axes::resolve_axis;
use crate::{Float, Op, Tensor, apply};

struct Gather {
    axis: usize,
    indices: ArcArray<usize, IxDyn>,
}

impl<F: Float> Op<F, 1> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        indices_fit(self.axis, &self.indices, x)
    }

    fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> {
        let mut y = ArrayD::zeros(self.indices.shape());
        let x = covered(x, self.axis, &self.indices);
        Zip::from(y.lanes_mut(Axis(self.axis)))
            .and(x.lanes(Axis(self.axis)))
            .and(self.indices.lanes(Axis(self.axis)))
            .for_each(|mut y, x, indices| Zip::from(&mut y).and(&indices).for_each(|y, &index| *y = x[index]));
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        scatter_add(&Tensor::zeros(x.shape()), self.axis, self.indices.clone(), dy)
    }
}

/// What [`Op::check`] says for indices into a tensor along an axis.
pub(super) fn indices_fit(axis: usize, indices: &ArcArray<usize, IxDyn>, shape: &[usize]) -> Result<(), String> {
    let within = |other: usize| other == axis || indices.shape()[other] <= shape[other];
    if indices.ndim() != shape.len() || !(0..shape.len()).all(within) {
        return Err(format!(
            "indices of shape {:?} must have as many axes as the tensor and be no longer along any but axis {axis}",
            indices.shape()
        ));
    }
    match indices.indexed_iter().find(|&(_, &index)| index >= shape[axis]) {
        None => Ok(()),
        Some((at, index)) => {
            Err(format!("index {index} (at {:?}) is out of range for axis {axis} of size {}", at.slice(), shape[axis]))
        }
    }
}

/// The part of `x` that indices refer to: as long as they are along every axis but this one.
pub(super) fn covered<'a, F>(
    mut x: ArrayViewD<'a, F>,
    axis: usize,
    indices: &ArcArray<usize, IxDyn>,
) -> ArrayViewD<'a, F> {
    for other in (0..x.ndim()).filter(|&other| other != axis) {
        x.slice_axis_inplace(Axis(other), Slice::from(..indices.shape()[other]));
    }
    x
}

/// [`Tensor::gather`], its axis resolved.
#[track_caller]
pub(super) fn gather<F: Float>(x: &Tensor<F>, axis: usize, indices: ArcArray<usize, IxDyn>) -> Tensor<F> {
    apply(Gather { axis, indices }, [x])
}

impl<F: Float> Tensor<F> {
    /// One element for each index: element `[i, j, k]` of the result is element `[i, indices[i, j, k], k]` of this tensor
    /// for axis 1, and alike for the others. The result has the shape of `indices`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let log_p = Tensor::from([[-0.1, -2.3], [-1.6, -0.2]]);
    /// let of_the_labels = log_p.gather(1, &array![[0], [1]]);
    /// assert_eq!(of_the_labels, Tensor::from([[-0.1], [-0.2]]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, `indices` has another number of axes, or is longer than this tensor along
    /// another axis.
    #[track_caller]
    pub fn gather<D: Dimension>(&self, axis: isize, indices: &ArrayRef<usize, D>) -> Tensor<F> {
        let axis = resolve_axis("gather", axis, self.ndim());
        gather(self, axis, indices.to_owned().into_dyn().into_shared())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::shapes("gather", &[&[2, 3], &[3, 3]], domain(), |x| x.gather(1, &array![[2, 0, 2, 2], [1, 1, 0, 2]]));
        sweep::shapes("gather", &[&[2, 3], &[2, 2]], domain(), |x| x.gather(-2, &array![[1, 0], [1, 1], [0, 1]]));
        sweep::shapes("gather", &[&[3], &[4]], domain(), |x| x.gather(0, &array![2, 2, 0]));
        sweep::shapes("gather", &[&[2, 1, 2]], domain(), |x| x.gather(2, &array![[[1]], [[1]]]));
        sweep::shapes("gather", &[&[2, 3], &[0, 3], &[2, 0]], domain(), |x| x.gather(1, &Array2::zeros((0, 2))));
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let columns = array![[2, 1], [0, 0]];
        assert_eq!(x.gather(1, &columns), Tensor::from([[3.0, 2.0], [4.0, 4.0]]));
        assert_eq!(x.gather(1, &columns.t()), Tensor::from([[3.0, 1.0], [5.0, 4.0]]));
        assert_eq!(x.gather(0, &array![[1, 0, 1]]), Tensor::from([[4.0, 2.0, 6.0]]));
    }

    #[test]
    #[should_panic(expected = "gather of [2, 3]: index 3 (at [1, 0]) is out of range for axis 1 of size 3")]
    fn out_of_range() {
        Tensor::<f32>::zeros(&[2, 3]).gather(1, &array![[0], [3]]);
    }

    #[test]
    #[should_panic(expected = "gather of [2, 3]: indices of shape [2] must have as many axes as the tensor")]
    fn another_number_of_axes() {
        Tensor::<f32>::zeros(&[2, 3]).gather(1, &array![0, 1]);
    }

    #[test]
    #[should_panic(expected = "gather of [1, 3]: indices of shape [2, 1] must")]
    fn longer_along_another_axis() {
        Tensor::<f32>::zeros(&[1, 3]).gather(1, &array![[0], [1]]);
    }
}
