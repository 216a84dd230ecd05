//! Elements added to a tensor at indices along an axis; the derivatives are `dy`, and [`gather`](super::gather) of `dy`.

use ndarray::{ArcArray, ArrayD, ArrayRef, ArrayViewD, Axis, Dimension, IxDyn, Slice, Zip};

use super::gather::{gather, indices_fit};
use crate::axes::resolve_axis;
use crate::{Float, Op, Tensor, apply};

struct ScatterAdd {
    axis: usize,
    indices: ArcArray<usize, IxDyn>,
}

impl<F: Float> Op<F, 2> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn check(&self, [x, source]: [&[usize]; 2]) -> Result<(), String> {
        if self.indices.shape() != source {
            return Err(format!(
                "indices of shape {:?} are not one for each element of the second",
                self.indices.shape()
            ));
        }
        indices_fit(self.axis, &self.indices, x)
    }

    fn forward(&self, [x, source]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        let mut y = x.to_owned();
        let mut covered = y.view_mut();
        for other in (0..x.ndim()).filter(|&other| other != self.axis) {
            covered.slice_axis_inplace(Axis(other), Slice::from(..source.shape()[other]));
        }
        Zip::from(covered.lanes_mut(Axis(self.axis)))
            .and(source.lanes(Axis(self.axis)))
            .and(self.indices.lanes(Axis(self.axis)))
            .for_each(|mut y, source, indices| {
                for (&x, &index) in source.iter().zip(&indices) {
                    y[index] += x;
                }
            });
        y
    }

    fn vjp(&self, wrt: usize, _: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy.clone(),
            _ => gather(dy, self.axis, self.indices.clone()),
        }
    }
}

/// [`Tensor::scatter_add`], its axis resolved.
#[track_caller]
pub(super) fn scatter_add<F: Float>(
    x: &Tensor<F>,
    axis: usize,
    indices: ArcArray<usize, IxDyn>,
    source: &Tensor<F>,
) -> Tensor<F> {
    apply(ScatterAdd { axis, indices }, [x, source])
}

impl<F: Float> Tensor<F> {
    /// This tensor with the elements of `source` added: element `[i, j, k]` of `source` is added at `[i, indices[i, j, k], k]`
    /// for axis 1, and alike for the others. Several may be added at one place.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let counts = Tensor::zeros(&[3]).scatter_add(0, &array![2, 0, 2, 2], &Tensor::ones(&[4]));
    /// assert_eq!(counts, Tensor::from([1.0, 0.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, `indices` has another shape than `source` or another number of axes than
    /// this tensor, or is longer than this tensor along another axis.
    #[track_caller]
    pub fn scatter_add<D: Dimension>(
        &self,
        axis: isize,
        indices: &ArrayRef<usize, D>,
        source: &Tensor<F>,
    ) -> Tensor<F> {
        let axis = resolve_axis("scatter_add", axis, self.ndim());
        scatter_add(self, axis, indices.to_owned().into_dyn().into_shared(), source)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let check = |shapes: [&[usize]; 2], axis, indices: ArrayD<usize>| {
            sweep::pairs("scatter_add", &[shapes], domain(), domain(), |x, source| {
                x.scatter_add(axis, &indices, source)
            });
        };
        check([&[2, 3], &[2, 4]], 1, array![[2, 0, 2, 2], [1, 1, 0, 2]].into_dyn());
        check([&[3, 3], &[2, 2]], 0, array![[1, 0], [1, 2]].into_dyn());
        check([&[4], &[5]], -1, array![3, 3, 0, 1, 3].into_dyn());
        check([&[2, 1, 2], &[2, 1, 1]], 2, array![[[1]], [[0]]].into_dyn());
        check([&[2, 3], &[0, 3]], 1, array![[]].into_shape_with_order(vec![0, 3]).unwrap());
    }
}
