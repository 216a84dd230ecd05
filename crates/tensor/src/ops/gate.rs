//! A gate: `a·w` with a constant weight `w`; exactly 0 where the weight is 0, whatever `a` is; the derivative is `w`.
//!
//! The derivatives of piecewise-linear operations share it: the weight is the derivative of a piece (0, ½, a slope),
//! itself constant. A plain product would turn an infinite gradient times a weight of 0 into NaN.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Gate;

impl<F: Float> Elementwise<F, 2> for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("0 if w = 0 else a·w", &[("a", "w"), ("w", "0")]))
    }

    fn element(&self, [a, w]: [F; 2]) -> F {
        if w == F::zero() { F::zero() } else { a * w }
    }

    fn vjp(&self, _wrt: usize, [_, weight]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        elementwise(Gate, [dy, weight])
    }
}

/// `a` gated by a weight of the same shape, which is detached.
pub(crate) fn gate<F: Float>(a: &Tensor<F>, weight: Tensor<F>) -> Tensor<F> {
    elementwise(Gate, [a, &weight.detach()])
}

compiled!(Elementwise<2> Gate);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let weights = [0.0, 0.5, 1.0, -2.0];
        sweep::unary("gate", Domain::between(-2.0, 2.0), |x| {
            let weights: Vec<f64> = weights.into_iter().cycle().take(x.len()).collect();
            gate(x, Tensor::from(weights).reshape(x.shape()))
        });
    }

    #[test]
    fn a_closed_gate_shuts_out_infinities() {
        let a = Tensor::param([f64::INFINITY, f64::NAN, f64::INFINITY]);
        let y = gate(&a, Tensor::from([0.0, 0.0, 0.5]));
        assert_eq!(y.to_vec(), [0.0, 0.0, f64::INFINITY]);
        assert_eq!(y.sum().backward()[&a].to_vec(), [0.0, 0.0, 0.5]);
    }
}
