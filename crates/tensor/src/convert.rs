//! Conversions between tensors and `ndarray` arrays, views, slices, nested literals and scalars.

use ndarray::{ArcArray, Array, ArrayD, ArrayView, Dimension, IxDyn};

use crate::kernels::ask;
use crate::{Elements, Float, Tensor, operation};

/// Does not copy the elements, except for a handful, where copying is cheaper.
impl<F: Float, D: Dimension> From<Array<F, D>> for Tensor<F> {
    /// # Panics
    /// If the array has more than [`MAX_AXES`](crate::MAX_AXES) axes, or if it is empty and its nonzero sizes multiply
    /// to more than `isize::MAX` bytes.
    #[track_caller]
    fn from(array: Array<F, D>) -> Self {
        operation::begin("Tensor::from");
        Tensor::constant(array.into_dyn())
    }
}

/// Copies the elements only if they are shared.
impl<F: Float, D: Dimension> From<ArcArray<F, D>> for Tensor<F> {
    /// # Panics
    /// As for an owned array.
    #[track_caller]
    fn from(array: ArcArray<F, D>) -> Self {
        Tensor::from(array.into_owned())
    }
}

/// Copies the elements.
impl<F: Float, D: Dimension> From<ArrayView<'_, F, D>> for Tensor<F> {
    /// # Panics
    /// As for an owned array.
    #[track_caller]
    fn from(view: ArrayView<'_, F, D>) -> Self {
        operation::begin("Tensor::from");
        ask::<F>(view.shape());
        Tensor::from(view.to_owned())
    }
}

/// Copies the elements.
impl<F: Float, D: Dimension> From<&Array<F, D>> for Tensor<F> {
    /// # Panics
    /// As for an owned array.
    #[track_caller]
    fn from(array: &Array<F, D>) -> Self {
        Tensor::from(array.view())
    }
}

/// Shares the memory.
impl<F: Float> From<Elements<F>> for Tensor<F> {
    fn from(elements: Elements<F>) -> Self {
        Tensor::leaf(elements, 0)
    }
}

/// A clone, with its record.
impl<F: Float> From<&Tensor<F>> for Tensor<F> {
    fn from(tensor: &Tensor<F>) -> Self {
        tensor.clone()
    }
}

/// A scalar: no axes.
impl<F: Float> From<F> for Tensor<F> {
    fn from(scalar: F) -> Self {
        Tensor::leaf(Elements::full(IxDyn(&[]), scalar), 0)
    }
}

/// One axis, without a copy.
impl<F: Float> From<Vec<F>> for Tensor<F> {
    fn from(elements: Vec<F>) -> Self {
        Tensor::from(Array::from_vec(elements))
    }
}

/// One axis, as when collecting into a `Vec`.
///
/// ```
/// use downhill_tensor::Tensor;
/// let squares: Tensor = (0..4).map(|i| (i * i) as f32).collect();
/// assert_eq!(squares, Tensor::from([0.0, 1.0, 4.0, 9.0]));
/// ```
impl<F: Float> FromIterator<F> for Tensor<F> {
    fn from_iter<I: IntoIterator<Item = F>>(elements: I) -> Self {
        Tensor::from(elements.into_iter().collect::<Vec<F>>())
    }
}

/// One axis.
impl<F: Float> From<&[F]> for Tensor<F> {
    fn from(elements: &[F]) -> Self {
        Tensor::from(elements.to_vec())
    }
}

/// One axis.
impl<F: Float, const N: usize> From<[F; N]> for Tensor<F> {
    fn from(elements: [F; N]) -> Self {
        Tensor::from(elements.to_vec())
    }
}

/// Two axes.
impl<F: Float, const N: usize, const M: usize> From<[[F; M]; N]> for Tensor<F> {
    fn from(rows: [[F; M]; N]) -> Self {
        nested(&[N, M], rows.as_flattened().to_vec())
    }
}

/// Two axes: one row for each item.
///
/// ```
/// use downhill_tensor::Tensor;
/// let points: Vec<[f32; 2]> = (0..3).map(|i| [i as f32, 1.0]).collect();
/// assert_eq!(Tensor::from(points), Tensor::from([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]));
/// ```
impl<F: Float, const M: usize> From<Vec<[F; M]>> for Tensor<F> {
    fn from(rows: Vec<[F; M]>) -> Self {
        nested(&[rows.len(), M], rows.into_flattened())
    }
}

/// Three axes.
impl<F: Float, const N: usize, const M: usize, const K: usize> From<[[[F; K]; M]; N]> for Tensor<F> {
    fn from(blocks: [[[F; K]; M]; N]) -> Self {
        nested(&[N, M, K], blocks.as_flattened().as_flattened().to_vec())
    }
}

fn nested<F: Float>(shape: &[usize], elements: Vec<F>) -> Tensor<F> {
    Tensor::constant(ArrayD::from_shape_vec(shape, elements).expect("a nested array is rectangular"))
}

/// Copies the elements only if they are shared.
impl<F: Float> From<Tensor<F>> for ArrayD<F> {
    fn from(tensor: Tensor<F>) -> Self {
        let elements = tensor.0.elements.clone();
        // Drop the tensor first: the last holder of the elements takes them without a copy.
        drop(tensor);
        elements.into_array()
    }
}

/// Copies the elements.
impl<F: Float> From<&Tensor<F>> for ArrayD<F> {
    fn from(tensor: &Tensor<F>) -> Self {
        tensor.to_array()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr0, arr2};

    use super::*;

    #[test]
    fn arrays_pass_in_and_out_without_a_copy() {
        let array = Array2::<f32>::ones((30, 4));
        let address = array.as_ptr();
        let tensor = Tensor::from(array);
        assert_eq!(tensor.view().as_ptr(), address);
        assert_eq!(ArrayD::from(tensor).as_ptr(), address);
    }

    #[test]
    fn every_source_gives_its_shape() {
        let array = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(Tensor::from(array.t()).shape(), [3, 2]);
        assert_eq!(Tensor::from(&array).to_vec(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(Tensor::from(array.clone().into_shared()), Tensor::from(array));
        assert_eq!(Tensor::from(arr0(7.0_f32)).item(), 7.0);
        assert_eq!(Tensor::from(7.0_f64).shape(), [0_usize; 0]);
        assert_eq!(Tensor::from([[[1.0], [2.0]], [[3.0], [4.0]]]).shape(), [2, 2, 1]);
        assert_eq!(Tensor::from([1.0, 2.0].as_slice()), Tensor::from(vec![1.0, 2.0]));
        assert_eq!([1.0, 2.0].into_iter().collect::<Tensor<f64>>(), Tensor::from([1.0, 2.0]));
        assert_eq!(std::iter::empty().collect::<Tensor<f32>>().shape(), [0]);
    }
}
