//! Gradient clipping.

use downhill_tensor::{Float, Gradients};

use crate::kernels::dot;

/// Scales all gradients by `min(1, max_norm / (total + 1e-6))`, where `total` is the Euclidean norm of all their
/// elements together, and returns `total`, the norm before.
///
/// ```
/// use downhill_optim::clip_grad_norm;
/// use downhill_tensor::Tensor;
/// let (w, b) = (Tensor::param([3.0_f64, 0.0]), Tensor::param([4.0]));
/// let mut grads = (w.square().sum() * 0.5 + b.square().sum() * 0.5).backward();
/// assert_eq!(clip_grad_norm(&mut grads, 1.0), 5.0);
/// assert!((grads.norm() - 1.0).abs() < 1e-6);
/// ```
///
/// Pascanu, Mikolov and Bengio, arXiv 1211.5063. As in PyTorch: one norm over all parameters (burn clips each tensor by
/// itself), and the small constant. A NaN makes every gradient NaN; an infinite norm makes them 0, or NaN where they
/// were infinite. Ask the returned norm `is_finite()` to skip such a step.
pub fn clip_grad_norm<F: Float>(grads: &mut Gradients<F>, max_norm: f64) -> f64 {
    clip_grad_norm_of_type(grads, max_norm, 2.0)
}

/// [`clip_grad_norm`] by another norm: `(Σ|g|^p)^(1/p)`, or the largest `|g|` for an infinite `norm_type`.
///
/// ```
/// use downhill_optim::clip_grad_norm_of_type;
/// use downhill_tensor::Tensor;
/// let w = Tensor::param([3.0_f64, -4.0]);
/// let mut grads = (w.square().sum() * 0.5).backward();
/// assert_eq!(clip_grad_norm_of_type(&mut grads, 100.0, 1.0), 7.0);
/// assert_eq!(clip_grad_norm_of_type(&mut grads, 100.0, f64::INFINITY), 4.0);
/// ```
///
/// # Panics
/// If `norm_type` is not above 0, or `max_norm` is negative.
#[track_caller]
pub fn clip_grad_norm_of_type<F: Float>(grads: &mut Gradients<F>, max_norm: f64, norm_type: f64) -> f64 {
    assert!(norm_type > 0.0, "clip_grad_norm: norm_type must be above 0, got {norm_type}");
    assert!(max_norm >= 0.0, "clip_grad_norm: max_norm must be ≥ 0, got {max_norm}");
    let total = norm(grads, norm_type);
    let coefficient = max_norm / (total + 1e-6);
    // Not for NaN, which is passed on.
    if coefficient >= 1.0 {
        return total;
    }
    let coefficient = F::from_f64(coefficient);
    for grad in grads.iter_mut() {
        grad.data_mut().map_inplace(|g| *g *= coefficient);
    }
    total
}

/// Brings every element of every gradient into `[-value, value]`. NaN stays NaN.
///
/// ```
/// use downhill_optim::clip_grad_value;
/// use downhill_tensor::Tensor;
/// let w = Tensor::param([3.0_f64, -0.1]);
/// let mut grads = w.square().sum().backward();
/// clip_grad_value(&mut grads, 1.0);
/// assert_eq!(grads[&w], Tensor::from([1.0, -0.2]));
/// ```
///
/// # Panics
/// If `value` is negative.
#[track_caller]
pub fn clip_grad_value<F: Float>(grads: &mut Gradients<F>, value: f64) {
    assert!(value >= 0.0, "clip_grad_value: value must be ≥ 0, got {value}");
    let value = F::from_f64(value);
    for grad in grads.iter_mut() {
        grad.data_mut().map_inplace(|g| {
            if *g > value {
                *g = value;
            } else if *g < -value {
                *g = -value;
            }
        });
    }
}

/// The norm of all elements together, accumulated in `f64`.
fn norm<F: Float>(grads: &Gradients<F>, p: f64) -> f64 {
    if p.is_infinite() {
        // `f64::max` would drop a NaN.
        let largest = |largest: f64, x: f64| if x > largest || x.is_nan() { x } else { largest };
        let each = grads.iter().map(|grad| grad.view().fold(0.0, |so_far, g| largest(so_far, g.as_f64().abs())));
        return each.fold(0.0, largest);
    }
    let sum: f64 = grads.iter().map(|grad| power_sum(grad.view(), p)).sum();
    if p == 2.0 { sum.sqrt() } else { sum.powf(1.0 / p) }
}

fn power_sum<F: Float>(grad: ndarray::ArrayViewD<'_, F>, p: f64) -> f64 {
    match grad.as_slice_memory_order() {
        Some(grad) if p == 2.0 => dot(grad, grad),
        _ => grad.fold(0.0, |sum, g| sum + g.as_f64().abs().powf(p)),
    }
}
