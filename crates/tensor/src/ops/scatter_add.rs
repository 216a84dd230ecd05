//! Adds elements to a tensor at indices along an axis; the derivatives are `dy`, and [`gather`](super::gather) of `dy`.

use ndarray::{ArrayD, ArrayRef, Dimension};

use super::gather::{Places, gather};
use crate::kernels::RunningSum;
use crate::{Attribute, AxisIndex, Elements, Float, Formula, Op, Tensor, apply, compiled};

struct ScatterAdd(Places);

impl<F: Float> Op<F, 2> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, plus s at the indices", &[("x", "dy"), ("s", "dy at the indices")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x, source]: [&[usize]; 2]) -> Result<(), String> {
        if self.0.shape() != source {
            return Err(format!(
                "shape mismatch: indices {:?} and source {source:?} must have the same shape",
                self.0.shape()
            ));
        }
        self.0.check(x)
    }

    fn forward(&mut self, [x, source]: [&Elements<F>; 2]) -> Elements<F> {
        let (x, source) = (x.view(), source.view());
        // A compensated sum per element: any number of terms may be added to one of them.
        let mut sums: Vec<RunningSum<F>> = x.iter().map(|&x| RunningSum::new(x)).collect();
        // Row-major, as the indices are; a copy only if it is not.
        let source = source.as_standard_layout();
        let source = source.as_slice().expect("row-major");
        self.0.for_each(x.shape(), |number, place| sums[place].add(source[number]));
        let y = sums.into_iter().map(RunningSum::total).collect();
        ArrayD::from_shape_vec(x.shape(), y).expect("one sum per element").into()
    }

    fn vjp(&self, wrt: usize, _: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy.clone(),
            _ => gather(dy, self.0.clone()),
        }
    }
}

/// [`Tensor::scatter_add`] with resolved indices.
#[track_caller]
pub(super) fn scatter_add<F: Float>(x: &Tensor<F>, places: Places, source: &Tensor<F>) -> Tensor<F> {
    apply(ScatterAdd(places), [x, source])
}

impl<F: Float> Tensor<F> {
    /// This tensor with the elements of `source` added: for axis 1, element `[i, j, k]` of `source` is added at
    /// `[i, indices[i, j, k], k]`, and likewise for other axes. Indices may repeat; however many elements are added at
    /// one position, the rounding error is that of two roundings. Negative indices count from the end ([`AxisIndex`]).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// use ndarray::array;
    /// let counts = Tensor::zeros(&[3]).scatter_add(0, &array![2, 0, 2, 2], &Tensor::ones(&[4]));
    /// assert_eq!(counts, Tensor::from([1.0, 0.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, the shapes of `indices` and `source` differ, or `indices` has another
    /// number of axes than this tensor or is longer along an axis other than `axis`.
    #[track_caller]
    pub fn scatter_add<I: AxisIndex, D: Dimension>(
        &self,
        axis: isize,
        indices: &ArrayRef<I, D>,
        source: &Tensor<F>,
    ) -> Tensor<F> {
        scatter_add(self, Places::new("scatter_add", axis, self.shape(), indices), source)
    }
}

compiled!(Op<2> ScatterAdd);

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

    #[test]
    fn ten_million_at_one_place() {
        let source = Tensor::param(vec![0.1_f32; 10_000_000]);
        let indices = ndarray::Array1::<usize>::zeros(10_000_000);
        let y = Tensor::zeros(&[2]).scatter_add(0, &indices, &source);
        assert_eq!(y.to_vec(), [(1e7 * f64::from(0.1_f32)) as f32, 0.0]);
        let table = Tensor::<f32>::param([0.5, 0.5]);
        let grads = table.gather(0, &indices).sum().backward();
        assert_eq!(grads[&table].to_vec(), [1e7, 0.0]);
        let weight = Tensor::from(vec![0.1_f32; 10_000_000]);
        let grads = (table.index_select(0, &vec![1; 10_000_000]) * weight).sum().backward();
        assert_eq!(grads[&table].to_vec(), [0.0, (1e7 * f64::from(0.1_f32)) as f32]);
    }

    #[test]
    fn what_lies_outside_the_indices_stays() {
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let y = x.scatter_add(0, &array![[2], [2]], &Tensor::from([[10.0], [20.0]]));
        assert_eq!(y, Tensor::from([[1.0, 2.0], [3.0, 4.0], [35.0, 6.0]]));
        let y = x.scatter_add(0, &array![[-1], [2]], &Tensor::from([[10.0], [20.0]]));
        assert_eq!(y, Tensor::from([[1.0, 2.0], [3.0, 4.0], [35.0, 6.0]]));
    }

    #[test]
    #[should_panic(
        expected = "scatter_add of [3] and [1]: shape mismatch: indices [2] and source [1] must have the same shape"
    )]
    fn another_number_of_indices() {
        Tensor::<f32>::zeros(&[3]).scatter_add(0, &array![0, 1], &Tensor::zeros(&[1]));
    }

    #[test]
    #[should_panic(expected = "scatter_add of [3] and [1]: index 3 is out of range for axis 0 of size 3")]
    fn out_of_range() {
        Tensor::<f32>::zeros(&[3]).scatter_add(0, &array![3], &Tensor::zeros(&[1]));
    }
}
