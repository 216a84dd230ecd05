//! One element per index along an axis; the derivative is [`scatter_add`](super::scatter_add).

use std::sync::Arc;

use ndarray::{ArrayD, ArrayRef, Dimension};

use super::scatter_add::scatter_add;
use crate::axes::resolve_axis;
use crate::index::from_front;
use crate::kernels::room;
use crate::{Attribute, AxisIndex, Elements, Float, Formula, Op, Tensor, apply, compiled, operation, shape};

/// Indices along one axis, in row-major order; along every other axis an index stands for its own position.
#[derive(Clone)]
pub(super) struct Places {
    axis: usize,
    shape: Vec<usize>,
    indices: Arc<[usize]>,
}

impl Places {
    /// `of` is the shape of the indexed tensor.
    #[track_caller]
    pub(super) fn new<I: AxisIndex, D: Dimension>(
        op: &'static str,
        axis: isize,
        of: &[usize],
        indices: &ArrayRef<I, D>,
    ) -> Self {
        let axis = resolve_axis(op, axis, of.len());
        operation::begin(op);
        let mut list = room(indices.shape());
        from_front(op, indices.iter().copied(), axis, of[axis], &mut list);
        Places { axis, shape: indices.shape().to_vec(), indices: list.into() }
    }

    /// Indices from the front, of an array of this shape, that were found in the tensor itself.
    pub(super) fn found(axis: usize, shape: Vec<usize>, indices: Vec<usize>) -> Self {
        Places { axis, shape, indices: indices.into() }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The indices as an array.
    #[track_caller]
    pub(super) fn to_array(&self) -> ArrayD<usize> {
        let mut copy = room(&self.shape);
        copy.extend_from_slice(&self.indices);
        ArrayD::from_shape_vec(self.shape.as_slice(), copy).expect("one index per element")
    }

    /// The elements at the indices, which have passed [`check`](Self::check).
    #[track_caller]
    pub(super) fn take<F: Float>(&self, x: &Elements<F>) -> Elements<F> {
        let x = x.view();
        let row_major = x.as_standard_layout();
        let elements = row_major.as_slice().expect("row-major");
        let mut y = room(self.shape());
        self.for_each(x.shape(), |_, place| y.push(elements[place]));
        ArrayD::from_shape_vec(self.shape(), y).expect("one element per index").into()
    }

    /// What [`Op::attributes`] returns.
    pub(super) fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let shape = self.shape.as_slice().into();
        vec![("axis", self.axis.into()), ("indices", (&*self.indices).into()), ("indices_shape", shape)]
    }

    /// What [`Op::check`] returns for an indexed tensor of this shape.
    pub(super) fn check(&self, shape: &[usize]) -> Result<(), String> {
        let axis = self.axis;
        // Along the other axes an index stands for its own position, which the tensor must have.
        let within = |other: usize| other == axis || self.shape[other] <= shape[other];
        if self.shape.len() != shape.len() || !(0..shape.len()).all(within) {
            return Err(format!(
                "indices of shape {:?} must have as many axes as the tensor and be no larger, except along axis {axis}",
                self.shape
            ));
        }
        let size = shape[axis];
        match self.indices.iter().find(|&&index| index >= size) {
            None => Ok(()),
            Some(index) => Err(format!("index {index} is out of range for axis {axis} of size {size}")),
        }
    }

    /// Calls `visit` for every index with its number and its offset in a row-major tensor of this shape.
    pub(super) fn for_each(&self, shape: &[usize], mut visit: impl FnMut(usize, usize)) {
        // Row-major strides, that of the indexed axis set apart: there the index takes the place of the position.
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let along = std::mem::replace(&mut strides[self.axis], 0);
        // The position of the current index, and the offset it would have if its value were 0.
        let (mut at, mut start) = (vec![0; shape.len()], 0);
        for (number, index) in self.indices.iter().enumerate() {
            visit(number, start + index * along);
            // Advance like an odometer, last axis first: an axis at its end is reset and carries into the one before.
            for axis in (0..shape.len()).rev() {
                at[axis] += 1;
                start += strides[axis];
                if at[axis] < self.shape[axis] {
                    break;
                }
                start -= at[axis] * strides[axis];
                at[axis] = 0;
            }
        }
    }
}

struct Gather(Places);

impl<F: Float> Op<F, 1> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x at the indices", &[("x", "dy, added up at the indices")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        self.0.check(x)?;
        shape::check::<F>(self.0.shape()).map(drop)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        // `check` has compared every index and every position with the shape of `x`.
        self.0.take(x)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The gradients of an index that repeats add up.
        scatter_add(&Tensor::zeros(x.shape()), self.0.clone(), dy)
    }
}

/// [`Tensor::gather`] with resolved indices.
#[track_caller]
pub(super) fn gather<F: Float>(x: &Tensor<F>, places: Places) -> Tensor<F> {
    apply(Gather(places), [x])
}

impl<F: Float> Tensor<F> {
    /// One element per index: for axis 1, element `[i, j, k]` of the result is element `[i, indices[i, j, k], k]` of
    /// this tensor, and likewise for the other axes. The result has the shape of `indices`. Negative indices count from
    /// the end ([`AxisIndex`]).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let log_p = Tensor::from([[-0.1, -2.3], [-1.6, -0.2]]);
    /// let of_the_labels = log_p.gather(1, &array![[0], [1]]);
    /// assert_eq!(of_the_labels, Tensor::from([[-0.1], [-0.2]]));
    /// assert_eq!(log_p.gather(1, &array![[-1], [-1]]), Tensor::from([[-2.3], [-0.2]]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or if `indices` has a different number of axes than this tensor or is
    /// larger along another axis.
    #[doc(alias("take_along_axis", "take_along_dim"))]
    #[track_caller]
    pub fn gather<I: AxisIndex, D: Dimension>(&self, axis: isize, indices: &ArrayRef<I, D>) -> Tensor<F> {
        gather(self, Places::new("gather", axis, self.shape(), indices))
    }
}

compiled!(Op<1> Gather);

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
        sweep::shapes("gather", &[&[2, 3], &[0, 3], &[2, 0]], domain(), |x| {
            x.gather(1, &Array2::<usize>::zeros((0, 2)))
        });
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let columns = array![[2, 1], [0, 0]];
        assert_eq!(x.gather(1, &columns), Tensor::from([[3.0, 2.0], [4.0, 4.0]]));
        assert_eq!(x.gather(1, &columns.t()), Tensor::from([[3.0, 1.0], [5.0, 4.0]]));
        assert_eq!(x.gather(0, &array![[1, 0, 1]]), Tensor::from([[4.0, 2.0, 6.0]]));
    }

    /// As in `numpy.take_along_axis`, negative indices count from the end.
    #[test]
    fn from_the_end() {
        let x = Tensor::param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let y = x.gather(1, &array![[-1, 0], [-3, -2]]);
        assert_eq!(y, Tensor::from([[3.0, 1.0], [4.0, 5.0]]));
        assert_eq!(y.sum().backward()[&x], Tensor::from([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]));
        assert_eq!(x.gather(0, &array![[-1_i64, -2, -1]]), Tensor::from([[4.0, 2.0, 6.0]]));
    }

    #[test]
    #[should_panic(
        expected = "gather: index -4 is out of range for axis 1 of size 3 (negative indices count from the end)"
    )]
    fn before_the_front() {
        Tensor::<f32>::zeros(&[2, 3]).gather(1, &array![[0], [-4]]);
    }

    #[test]
    #[should_panic(expected = "gather of [2, 3]: index 3 is out of range for axis 1 of size 3")]
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
