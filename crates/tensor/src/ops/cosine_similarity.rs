//! The cosine of the angle between vectors: `a·b / (max(‖a‖, ε)·max(‖b‖, ε))`.

use crate::axes::resolve_axis;
use crate::kernels::joint_shape;
use crate::{Float, Tensor, keep};

impl<F: Float> Tensor<F> {
    /// The cosine of the angle between the vectors along an axis, which is removed; the tensors broadcast. PyTorch's
    /// default for `eps`, below which a norm counts as `eps`, is 1e-8: the similarity with the zero vector is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let a = Tensor::from([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]]);
    /// let b = Tensor::from([[30.0, 40.0], [0.0, 2.0], [1.0, 1.0]]);
    /// assert_eq!(a.cosine_similarity(&b, 1, 1e-8), Tensor::from([1.0, 0.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast, the axis is out of range for either tensor, or `eps` is negative or NaN.
    #[track_caller]
    pub fn cosine_similarity(&self, other: &Tensor<F>, axis: isize, eps: F) -> Tensor<F> {
        let name = format!("cosine_similarity of {:?} and {:?}", self.shape(), other.shape());
        let shape = match joint_shape::<F>(self.shape(), other.shape()) {
            Ok(shape) => shape,
            Err(reason) => panic!("{name}: {reason}"),
        };
        assert!(eps >= F::zero(), "{name}: eps must not be negative, got {eps}");
        // Counted from the end, because that is where the shapes are aligned.
        let axis = resolve_axis("cosine_similarity", axis, shape.len()) as isize - shape.len() as isize;
        let (a, b) = (unit(self, axis, shape.len(), eps), unit(other, axis, shape.len(), eps));
        (a * b).sum_axis(axis)
    }
}

/// Vectors of length 1, but shorter where the norm is below `eps`.
#[track_caller]
fn unit<F: Float>(x: &Tensor<F>, axis: isize, ndim: usize, eps: F) -> Tensor<F> {
    let missing = ndim - x.ndim();
    let x = if missing > 0 { x.reshape(&[&vec![1; missing], x.shape()].concat()) } else { x.clone() };
    let norm = x.norm_axis(F::from_f64(2.0), keep(axis)).clamp_min(eps);
    x / norm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let pairs: [[&[usize]; 2]; 5] =
            [[&[3], &[3]], [&[2, 3], &[2, 3]], [&[2, 3], &[3]], [&[0, 3], &[1, 3]], [&[2, 1, 3], &[4, 3]]];
        sweep::pairs("norm", &pairs, domain(), domain(), |a, b| a.cosine_similarity(b, -1, 1e-8));
        sweep::pairs("norm", &[[&[3, 2], &[3, 1]]], domain(), domain(), |a, b| a.cosine_similarity(b, 0, 1e-8));
    }

    #[test]
    fn angles() {
        let a = Tensor::from([1.0, 0.0]);
        let b = Tensor::from([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-2.0, 0.0]]);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        assert!(a.cosine_similarity(&b, -1, 1e-8).all_close([1.0, half, 0.0, -1.0], 0.0, 1e-15));
        assert!(a.cosine_similarity(&b, 1, 1e-8).all_close([1.0, half, 0.0, -1.0], 0.0, 1e-15));
        // Of any length: squares would overflow or vanish.
        for scale in [1e-30_f32, 1e30] {
            let y = (Tensor::from([3.0, 4.0]) * scale).cosine_similarity(&Tensor::from([4.0, 3.0]), 0, 0.0);
            assert!((y.item() - 0.96).abs() < 1e-6, "{scale:e}: {y:?}");
        }
        assert_eq!(
            Tensor::<f64>::zeros(&[2, 0]).cosine_similarity(&Tensor::zeros(&[2, 0]), 1, 1e-8),
            Tensor::zeros(&[2])
        );
    }

    #[test]
    fn the_zero_vector() {
        let (a, b) = (Tensor::param([0.0, 0.0]), Tensor::param([3.0, 4.0]));
        let y = a.cosine_similarity(&b, 0, 0.5);
        let grads = y.clone().backward();
        assert_eq!((y.item(), grads[&a].to_vec(), grads[&b].to_vec()), (0.0, vec![1.2, 1.6], vec![0.0, 0.0]));
    }

    #[test]
    #[should_panic(expected = "cosine_similarity of [2, 3] and [4]: the sizes 3 and 4 of axis -1")]
    fn shapes_that_do_not_broadcast() {
        Tensor::<f32>::zeros(&[2, 3]).cosine_similarity(&Tensor::zeros(&[4]), 1, 1e-8);
    }
}
