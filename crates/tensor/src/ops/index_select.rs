//! Slices at given indices along an axis, in any order and with repeats; the derivative adds `dy` up at the indices.

use std::iter::zip;

use ndarray::IxDyn;

use crate::axes::resolve_axis;
use crate::index::from_front;
use crate::kernels::{RunningSums, room};
use crate::{Attribute, AxisIndex, Elements, Float, Formula, Op, Tensor, apply, compiled, operation, shape};

struct IndexSelect {
    axis: usize,
    indices: Vec<usize>,
}

impl<F: Float> Op<F, 1> for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the slices of x at the indices", &[("x", "dy, added up at the indices")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("indices", self.indices.as_slice().into())]
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        let size = x[self.axis];
        match self.indices.iter().position(|&index| index >= size) {
            None => {
                let mut result = x.to_vec();
                result[self.axis] = self.indices.len();
                shape::check::<F>(&result).map(drop)
            }
            Some(number) => Err(format!(
                "index {} (`indices[{number}]`) is out of range for axis {} of size {size}",
                self.indices[number], self.axis
            )),
        }
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        let mut shape = x.shape().to_vec();
        // Row-major: a block for each leading position, and in it `width` contiguous elements for each index.
        let width: usize = shape[self.axis + 1..].iter().product();
        let block = shape[self.axis] * width;
        shape[self.axis] = self.indices.len();
        let x = x.as_standard_layout();
        Elements::appended(&shape, |y| {
            // `max(1)`: `chunks_exact` panics on 0, and an empty tensor has no blocks.
            for block in x.as_slice().expect("row-major").chunks_exact(block.max(1)) {
                for index in &self.indices {
                    y.extend_from_slice(&block[index * width..][..width]);
                }
            }
        })
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(IndexAdd { axis: self.axis, indices: self.indices.clone(), size: x.shape()[self.axis] }, [dy])
    }
}

/// The transpose of [`IndexSelect`]: adds every slice at its index along an axis of `size` zeros.
struct IndexAdd {
    axis: usize,
    indices: Vec<usize>,
    size: usize,
}

impl<F: Float> Op<F, 1> for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the slices of x, added up at the indices", &[("x", "the slices of dy at the indices")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("indices", self.indices.as_slice().into()), ("size", self.size.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        let mut shape = x.shape().to_vec();
        let width: usize = shape[self.axis + 1..].iter().product();
        shape[self.axis] = self.size;
        let block = self.size * width;
        let x = x.as_standard_layout();
        let x = x.as_slice().expect("row-major");
        let mut y = Elements::full(IxDyn(&shape), F::zero());
        if x.is_empty() || y.is_empty() {
            return y;
        }
        // The slices that go to one index, next to each other: only the slices of `y` that are used are touched.
        let mut order: Vec<usize> = (0..self.indices.len()).collect();
        order.sort_by_key(|&number| self.indices[number]);
        let sources = x.chunks_exact(self.indices.len() * width);
        let mut sums = RunningSums::new(width);
        for (y, x) in zip(y.slice_mut().chunks_exact_mut(block), sources) {
            let slice = |number: usize| &x[number * width..][..width];
            for same in order.chunk_by(|&a, &b| self.indices[a] == self.indices[b]) {
                let y = &mut y[self.indices[same[0]] * width..][..width];
                if let &[number] = same {
                    y.copy_from_slice(slice(number));
                    continue;
                }
                // Compensated sums, because an index may repeat any number of times.
                sums.reset();
                same.iter().for_each(|&number| sums.add(slice(number)));
                y.copy_from_slice(sums.totals());
            }
        }
        y
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(IndexSelect { axis: self.axis, indices: self.indices.clone() }, [dy])
    }
}

impl<F: Float> Tensor<F> {
    /// The slices at `indices` along an axis, in that order. An index may repeat; its gradients add up. Negative
    /// indices count from the end ([`AxisIndex`]). An embedding lookup is `table.index_select(0, &tokens)`. For a
    /// `bool` mask, collect the indices where it is `true`, or see [`where_`](crate::where_).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 2.0, 3.0]);
    /// let y = x.index_select(0, &[2, 0, 2]);
    /// assert_eq!(y, Tensor::from([3.0, 1.0, 3.0]));
    /// assert_eq!(y.sum().backward()[&x], Tensor::from([1.0, 0.0, 2.0]));
    /// assert_eq!(x.index_select(0, &[-1, 0]), Tensor::from([3.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[doc(alias("take", "embedding", "masked_select"))]
    #[track_caller]
    pub fn index_select<I: AxisIndex>(&self, axis: isize, indices: &[I]) -> Tensor<F> {
        let axis = resolve_axis("index_select", axis, self.ndim());
        operation::begin("index_select");
        let mut list = room(&[indices.len()]);
        from_front("index_select", indices.iter().copied(), axis, self.shape()[axis], &mut list);
        apply(IndexSelect { axis, indices: list }, [self])
    }
}

compiled!(Op<1> IndexSelect);
compiled!(Op<1> IndexAdd);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 5] = [&[3], &[3, 2], &[4, 0], &[3, 1, 2], &[3, 67]];
        sweep::shapes("index_select", &some, domain(), |x| x.index_select(0, &[2, 0, 2, 1, 2]));
        sweep::shapes("index_select", &[&[2, 3], &[0, 3], &[2, 1, 4]], domain(), |x| x.index_select(-1, &[1, 1]));
        sweep::shapes("index_select", &[&[2, 3], &[2, 0]], domain(), |x| x.index_select(1, &[] as &[usize]));
        let add = |x: &Tensor<f64>| apply(IndexAdd { axis: 1, indices: vec![2, 0, 2], size: 4 }, [x]);
        sweep::shapes("index_add", &[&[2, 3], &[0, 3], &[2, 3, 0], &[2, 3, 2]], domain(), add);
    }

    #[test]
    fn each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.index_select(0, &[1, 0, 1]).to_vec(), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(x.index_select(1, &[2, 2]), Tensor::from([[3.0, 3.0], [6.0, 6.0]]));
        assert_eq!(x.t().index_select(0, &[2, 2]), Tensor::from([[3.0, 6.0], [3.0, 6.0]]));
        assert_eq!(x.index_select(0, &[] as &[usize]).shape(), [0, 3]);
        // As in `numpy.take`, negative indices count from the end.
        assert_eq!(x.index_select(1, &[-1, 1, -3]), Tensor::from([[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]]));
        assert_eq!(x.index_select(-2, &[-1_i64]), Tensor::from([[4.0, 5.0, 6.0]]));
    }

    /// A million terms at one index, and a signed zero and a NaN at others.
    #[test]
    fn gradients_of_an_index_add_up() {
        let x = Tensor::<f32>::param([0.0, 0.0, 0.0, 0.0]);
        let mut indices = vec![2_usize; 1_000_000];
        indices.extend([0, 3, 2, 3]);
        let mut weights = vec![0.1_f32; 1_000_000];
        weights.extend([-0.0, f32::NAN, 0.5, 1.0]);
        let grads = (x.index_select(0, &indices) * Tensor::from(weights)).sum().backward()[&x].to_vec();
        assert_eq!(grads[..2], [0.0, 0.0]);
        // Within a rounding or two of a number of this size.
        assert!((f64::from(grads[2]) - (1e6 * f64::from(0.1_f32) + 0.5)).abs() < 0.02, "{}", grads[2]);
        assert!(grads[3].is_nan());
    }

    #[test]
    #[should_panic(expected = "index_select: index -4 is out of range for axis 1 of size 3")]
    fn before_the_front() {
        Tensor::<f32>::zeros(&[2, 3]).index_select(1, &[0, -4]);
    }

    #[test]
    #[should_panic(expected = "index_select of [2, 3]: index 3 (`indices[1]`) is out of range for axis 1 of size 3")]
    fn out_of_range() {
        Tensor::<f32>::zeros(&[2, 3]).index_select(1, &[0, 3]);
    }
}
