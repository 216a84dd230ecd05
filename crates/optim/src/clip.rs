//! Gradient clipping.

use downhill_tensor::{Float, Gradients};

use crate::kernels::dot;

/// Scales all gradients by `min(1, max_norm / (total + 1e-6))`, where `total` is the Euclidean norm over the elements
/// of all gradients, and returns `total`.
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
/// Pascanu, Mikolov and Bengio, arXiv 1211.5063. As in PyTorch, there is one norm over all parameters (burn clips each
/// tensor separately), and the small constant. A NaN makes every gradient NaN; an infinite norm makes them 0, or NaN
/// where they were infinite. To skip such a step, check the returned norm with `is_finite()`.
pub fn clip_grad_norm<F: Float>(grads: &mut Gradients<F>, max_norm: f64) -> f64 {
    clip_grad_norm_of_type(grads, max_norm, 2.0)
}

/// [`clip_grad_norm`] with another norm: `(Σ|g|^p)^(1/p)`, or the largest `|g|` for an infinite `norm_type`.
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
    // False for NaN, which is passed on.
    if coefficient >= 1.0 {
        return total;
    }
    let coefficient = F::from_f64(coefficient);
    for grad in grads.iter_mut() {
        grad.data_mut().map_inplace(|g| *g *= coefficient);
    }
    total
}

/// Clamps every element of every gradient to `[-value, value]`. NaN stays NaN.
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

/// The norm over all elements, accumulated in `f64`; scaled first if their powers overflow or underflow.
fn norm<F: Float>(grads: &Gradients<F>, p: f64) -> f64 {
    let root = |sum: f64| if p == 2.0 { sum.sqrt() } else { sum.powf(1.0 / p) };
    if p.is_finite() {
        let sum: f64 = grads.iter().map(|grad| power_sum(grad.view(), p)).sum();
        // Below the lower bound, significant powers may have underflowed to 0 or to subnormal numbers.
        if sum.is_nan() || (1e-280..f64::INFINITY).contains(&sum) {
            return root(sum);
        }
    }
    // `f64::max` would drop a NaN.
    let larger = |largest: f64, x: f64| if x > largest || x.is_nan() { x } else { largest };
    let each = grads.iter().map(|grad| grad.view().fold(0.0, |largest, g| larger(largest, g.as_f64().abs())));
    let largest = each.fold(0.0, larger);
    if p.is_infinite() || largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let scaled = |sum: f64, g: &F| sum + (g.as_f64().abs() / largest).powf(p);
    largest * root(grads.iter().map(|grad| grad.view().fold(0.0, scaled)).sum())
}

fn power_sum<F: Float>(grad: ndarray::ArrayViewD<'_, F>, p: f64) -> f64 {
    match grad.as_slice_memory_order() {
        Some(grad) if p == 2.0 => dot(grad, grad),
        _ => grad.fold(0.0, |sum, g| sum + g.as_f64().abs().powf(p)),
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::Tensor;

    use super::*;

    /// The gradients 3 · scale and -4 · scale of two parameters.
    fn gradients<F: Float>(scale: f64) -> Gradients<F> {
        let [a, b] = [3.0, -4.0].map(|factor| (Tensor::<F>::param([F::zero()]), F::from_f64(factor * scale)));
        ((&a.0 * a.1).sum() + (&b.0 * b.1).sum()).backward()
    }

    /// The norm is `(3ᵖ + 4ᵖ)^(1/p)` times any scale, and gradients clipped to a norm of `scale` have that norm.
    #[test]
    fn norms_where_powers_overflow_or_vanish() {
        for scale in [1e300, 1e154, 1e19, 1.0, 1e-19, 1e-140, 1e-160, 1e-300] {
            for p in [0.5, 1.0, 2.0, 3.0, 20.0, 300.0] {
                let expected = (0.75_f64.powf(p) + 1.0).powf(1.0 / p) * 4.0;
                let found = clip_grad_norm_of_type(&mut gradients::<f64>(scale), f64::MAX, p) / scale;
                assert!((found / expected - 1.0).abs() < 1e-13, "{scale:e}, p = {p}: got {found}, expected {expected}");
            }
        }
        for scale in [1e37, 1e19, 1e-19, 1e-30, 1e-37] {
            let found = clip_grad_norm_of_type(&mut gradients::<f32>(scale), f64::MAX, 2.0) / scale;
            assert!((found - 5.0).abs() < 1e-6, "{scale:e}: {found}");
        }
        for scale in [1e300, 1e154] {
            let mut grads = gradients::<f64>(scale);
            clip_grad_norm(&mut grads, scale);
            let clipped: Vec<f64> = grads.iter().map(|grad| grad.to_vec()[0] / scale).collect();
            assert!((clipped[0] - 0.6).abs() < 1e-14 && (clipped[1] + 0.8).abs() < 1e-14, "{scale:e}: {clipped:?}");
        }
    }

    #[test]
    fn norms_that_are_not_finite() {
        for p in [1.0, 2.0, 3.5, f64::INFINITY] {
            let norm = |scale: f64| clip_grad_norm_of_type(&mut gradients::<f64>(scale), 1.0, p);
            assert_eq!(norm(0.0), 0.0);
            assert_eq!(norm(f64::INFINITY), f64::INFINITY);
            assert!(norm(f64::NAN).is_nan());
        }
        assert_eq!(clip_grad_norm(&mut Gradients::<f32>::default(), 1.0), 0.0);
    }
}
