//! Gradient clipping.

use downhill_tensor::{Float, Gradients};

/// Scales all gradients by `min(1, max_norm / (total + 1e-6))`, where `total` is the Euclidean norm of all their
/// elements together, and returns `total`.
pub fn clip_grad_norm<F: Float>(grads: &mut Gradients<F>, max_norm: f64) -> f64 {
    let total = grads.norm();
    *grads *= (max_norm / (total + 1e-6)).min(1.0);
    total
}
