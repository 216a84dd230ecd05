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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let weights = [0.0, 0.5, 1.0, -2.0];
        sweep::unary("gate", Domain::between(-2.0, 2.0), |x| {
            let mut next = weights.iter().cycle();
            gate(x, ArrayD::from_shape_simple_fn(x.shape(), || *next.next().expect("a cycle")))
        });
    }

    #[test]
    fn a_closed_gate_shuts_out_infinities() {
        let a = Tensor::param([f64::INFINITY, f64::NAN, f64::INFINITY]);
        let y = gate(&a, ArrayD::from_shape_vec(vec![3], vec![0.0, 0.0, 0.5]).expect("three weights"));
        assert_eq!(y.to_vec(), [0.0, 0.0, f64::INFINITY]);
        assert_eq!(y.sum().backward()[&a].to_vec(), [0.0, 0.0, 0.5]);
    }
}
