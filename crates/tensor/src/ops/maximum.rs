//! The elementwise maximum: the greater of `a` and `b`; the gradient goes to the greater, and half to each of two equals.

use ndarray::{ArrayD, ArrayViewD};

use super::gate;
use crate::broadcast::check_broadcast;
use crate::{Float, Op, Tensor, apply, kernels};

struct Maximum;

impl<F: Float> Op<F, 2> for Maximum {
    fn name(&self) -> &'static str {
        "maximum"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        check_broadcast(a, b)
    }

    fn forward(&self, [a, b]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::zip(&a, &b, |a, b| if a < b || b.is_nan() { b } else { a })
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let (this, other) = if wrt == 0 { (a, b) } else { (b, a) };
        let share = |this: F, other: F| match () {
            _ if this < other => F::zero(),
            _ if this == other => F::from_f64(0.5),
            _ => F::one(),
        };
        gate(dy, kernels::zip(&this.view(), &other.view(), share))
    }
}

impl<F: Float> Tensor<F> {
    /// The greater of each pair of elements, with broadcasting. The gradient goes to the greater, and half to each where
    /// the two are equal, as in PyTorch. NaN if either is NaN. The maximum over an axis is [`max`](Self::max).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::param([1.0, 2.0, 3.0]), Tensor::param([1.0, 3.0, 2.0]));
    /// let y = a.maximum(&b);
    /// assert_eq!(y.to_vec(), [1.0, 3.0, 3.0]);
    /// let grads = y.sum().backward();
    /// assert_eq!(grads[&a].to_vec(), [0.5, 0.0, 1.0]);
    /// assert_eq!(grads[&b].to_vec(), [0.5, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn maximum(&self, other: impl Into<Tensor<F>>) -> Tensor<F> {
        apply(Maximum, [self, &other.into()])
    }
}
