//! A constant value.

use downhill_tensor::{Float, Tensor};

/// A tensor full of `value`.
///
/// ```
/// use downhill_nn::init;
/// use downhill_tensor::Tensor;
/// assert_eq!(init::constant(&[2], 0.5), Tensor::from([0.5_f32, 0.5]));
/// ```
///
/// # Panics
/// If the shape is too large for a tensor, or the allocation fails.
#[track_caller]
pub fn constant<F: Float>(shape: &[usize], value: f64) -> Tensor<F> {
    Tensor::full(shape, F::from_f64(value))
}
