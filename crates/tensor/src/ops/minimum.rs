//! The elementwise minimum of `a` and `b`; the gradient goes to the smaller, and half to each if they are equal.

use super::gate;
use crate::elementwise::step2;
use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Minimum;

impl<F: Float> Elementwise<F, 2> for Minimum {
    fn name(&self) -> &'static str {
        "minimum"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise(
            "min(a, b)",
            &[("a", "1 if a < b else 1/2 if a = b else 0"), ("b", "1 if b < a else 1/2 if a = b else 0")],
        ))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        if a > b || b.is_nan() { b } else { a }
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let (this, other) = if wrt == 0 { (a, b) } else { (b, a) };
        let share = |this: F, other: F| match () {
            _ if this > other => F::zero(),
            _ if this == other => F::from_f64(0.5),
            _ => F::one(),
        };
        gate(dy, step2(this, other, share))
    }
}

impl<F: Float> Tensor<F> {
    /// The smaller of each pair of elements, with broadcasting; NaN if either is NaN. The gradient goes to the smaller,
    /// and half to each if they are equal, as in PyTorch. For the minimum over an axis, see
    /// [`min_axis`](Self::min_axis).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::param([1.0, 2.0, 3.0]), Tensor::param([1.0, 3.0, 2.0]));
    /// let y = a.minimum(&b);
    /// assert_eq!(y.to_vec(), [1.0, 2.0, 2.0]);
    /// let grads = y.sum().backward();
    /// assert_eq!(grads[&a].to_vec(), [0.5, 1.0, 0.0]);
    /// assert_eq!(grads[&b].to_vec(), [0.5, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn minimum(&self, other: impl Into<Tensor<F>>) -> Tensor<F> {
        elementwise(Minimum, [self, &other.into()])
    }
}

compiled!(Elementwise<2> Minimum);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = Domain::between(-2.0, 2.0);
        sweep::binary("minimum", domain.clone(), domain, |a, b| a.minimum(b));
    }

    #[test]
    fn ties_share_and_nan_stays() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let a = Tensor::param([2.0, -1.0, nan, 1.0, -inf]);
        let b = Tensor::param([2.0, 1.0, 1.0, nan, -inf]);
        let y = a.minimum(&b);
        assert_eq!(y.to_vec()[..2], [2.0, -1.0]);
        assert!(y.to_vec()[2].is_nan() && y.to_vec()[3].is_nan());
        let grads = y.sum().backward();
        assert_eq!(grads[&a].to_vec(), [0.5, 1.0, 1.0, 1.0, 0.5]);
        assert_eq!(grads[&b].to_vec(), [0.5, 0.0, 1.0, 1.0, 0.5]);
    }

    /// The gradient of `b` is masked, not multiplied by 0, which would turn infinity into NaN.
    #[test]
    fn an_infinite_gradient_does_not_leak() {
        let a = Tensor::param([0.0]);
        let b = Tensor::param([1.0]);
        let grads = a.minimum(&b).sqrt().sum().backward();
        assert_eq!(grads[&a].item(), f64::INFINITY);
        assert_eq!(grads[&b].item(), 0.0);
    }

    #[test]
    fn with_a_scalar() {
        assert_eq!(Tensor::from([-1.0, 3.0]).minimum(0.5).to_vec(), [-1.0, 0.5]);
    }

    #[test]
    #[should_panic(expected = "minimum of [2] and [3]: the sizes 2 and 3 of axis -1")]
    fn shapes_that_do_not_broadcast() {
        Tensor::from([1.0, 2.0]).minimum([1.0, 2.0, 3.0]);
    }
}
