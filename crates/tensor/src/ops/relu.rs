//! The rectified linear unit (ReLU): `max(x, 0)`; the derivative is 1 above 0 and 0 elsewhere, including at 0.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Relu;

impl<F: Float> Elementwise<F, 1> for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("max(x, 0)", &[("x", "1 if x > 0 else 0")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        // Written so that NaN passes through: divergence must stay visible.
        if x <= F::zero() { F::zero() } else { x }
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The derivative of the step function is 0, so the mask is a constant.
        elementwise(Mask, [dy, &y.detach()])
    }
}

/// `a` where `b` is above 0, else 0; linear in `a`, a step function of `b`, whose derivative is 0.
struct Mask;

impl<F: Float> Elementwise<F, 2> for Mask {
    fn name(&self) -> &'static str {
        "mask"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a if b > 0 else 0", &[("a", "1 if b > 0 else 0"), ("b", "0")]))
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        if b <= F::zero() { F::zero() } else { a }
    }

    fn vjp(&self, wrt: usize, [_, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => elementwise(Mask, [dy, b]),
            _ => Tensor::zeros(b.shape()),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// The rectified linear unit (ReLU) `max(x, 0)` of every element. The derivative at 0 is 0, as in PyTorch; NaN
    /// stays NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1.0, 0.0, 2.0]);
    /// assert_eq!(x.relu().to_vec(), [0.0, 0.0, 2.0]);
    /// assert_eq!(x.relu().sum().backward()[&x].to_vec(), [0.0, 0.0, 1.0]);
    /// ```
    pub fn relu(&self) -> Tensor<F> {
        elementwise(Relu, [self])
    }
}

compiled!(Elementwise<1> Relu);
compiled!(Elementwise<2> Mask);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let off_the_kink = || Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        sweep::unary("relu", off_the_kink(), |x| x.relu());
        sweep::binary("mask", off_the_kink(), off_the_kink(), |a, b| elementwise(Mask, [a, b]));
    }

    #[test]
    fn the_kink() {
        let inf = f64::INFINITY;
        let table = [
            (-inf, [0.0; 3]),
            (-1000.0, [0.0; 3]),
            (-1e-30, [0.0; 3]),
            (-0.0, [0.0; 3]),
            (0.0, [0.0; 3]),
            (1e-30, [1e-30, 1.0, 0.0]),
            (1000.0, [1000.0, 1.0, 0.0]),
            (inf, [inf, 1.0, 0.0]),
        ];
        points::exact(Tensor::relu, Tensor::relu, &table);
        points::keeps_nan(Tensor::relu, Tensor::relu);
    }

    /// No result is -0, as the sign of the reciprocal shows.
    #[test]
    fn no_negative_zero() {
        assert_eq!(Tensor::from([-1.0_f32, -0.0, 0.0]).relu().recip().to_vec(), [f32::INFINITY; 3]);
        assert_eq!(Tensor::from([-1.0_f64, -0.0, 0.0]).relu().recip().to_vec(), [f64::INFINITY; 3]);
    }

    /// The mask is 0 at 0 itself, and stops infinities.
    #[test]
    fn the_mask_at_0() {
        let a = Tensor::param([f64::INFINITY, 2.0, 3.0, 4.0]);
        let y = elementwise(Mask, [&a, &Tensor::from([-1.0, 0.0, -0.0, 1e-300])]);
        assert_eq!(y.to_vec(), [0.0, 0.0, 0.0, 4.0]);
        assert_eq!(y.sum().backward()[&a].to_vec(), [0.0, 0.0, 0.0, 1.0]);
    }
}
