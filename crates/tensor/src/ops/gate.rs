//! A gate: `a·w` with a constant weight `w`; exactly 0 where the weight is 0, whatever `a` is; the derivative is `w`.
//!
//! What the derivatives of piecewise-linear operations have in common: the weight is the derivative of a piece (0, ½, a
//! slope), itself constant. A plain product would turn an infinite gradient that the gate shuts out into `0·inf`, NaN.

use ndarray::{ArrayD, ArrayViewD};

use crate::{Float, Op, Tensor, apply, kernels};

struct Gate;

impl<F: Float> Op<F, 2> for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn forward(&self, [a, weight]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::zip(&a, &weight, |a, w| if w == F::zero() { F::zero() } else { a * w })
    }

    fn vjp(&self, _wrt: usize, [_, weight]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Gate, [dy, weight])
    }
}

/// `a` through a gate of its own shape.
pub(crate) fn gate<F: Float>(a: &Tensor<F>, weight: ArrayD<F>) -> Tensor<F> {
    apply(Gate, [a, &Tensor::constant(weight)])
}
