//! The hyperbolic tangent: `y = tanh(x)`; the derivative is `1 - y²`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Tanh;

impl<F: Float> Elementwise<F, 1> for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("tanh(x)", &[("x", "1 - y²")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.tanh()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        elementwise(TanhSlope, [dy, y])
    }
}

/// `dy·(1 - y²)`; the derivatives are `1 - y²` and `-2·dy·y`.
///
/// A primitive for speed: composed, the backward pass of a tiny layer takes 0.69 µs instead of 0.29, that of 8192
/// elements 4.6 µs instead of 1.3.
struct TanhSlope;

impl<F: Float> Elementwise<F, 2> for TanhSlope {
    fn name(&self) -> &'static str {
        "tanh_slope"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a·(1 - b²)", &[("a", "1 - b²"), ("b", "-2·a·b")]))
    }

    fn element(&self, [dy, y]: [F; 2]) -> F {
        dy * (F::one() - y * y)
    }

    fn vjp(&self, wrt: usize, [dy, y]: [&Tensor<F>; 2], _: &Tensor<F>, dz: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => elementwise(TanhSlope, [dz, y]),
            _ => dz * dy * y * F::from_f64(-2.0),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// The hyperbolic tangent of every element. It saturates at -1 and 1, with gradient 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0_f32, 0.0, 1000.0]);
    /// assert_eq!(x.tanh().to_vec(), [-1.0, 0.0, 1.0]);
    /// assert_eq!(x.tanh().sum().backward()[&x].to_vec(), [0.0, 1.0, 0.0]);
    /// ```
    pub fn tanh(&self) -> Tensor<F> {
        elementwise(Tanh, [self])
    }
}

compiled!(Elementwise<1> Tanh);
compiled!(Elementwise<2> TanhSlope);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = Domain::between(-2.0, 2.0);
        sweep::unary("tanh", domain.clone(), |x| x.tanh());
        sweep::binary("tanh_slope", domain.clone(), domain, |dy, y| elementwise(TanhSlope, [dy, y]));
    }

    #[test]
    fn values() {
        points::close(
            Tensor::tanh,
            2e-15,
            &[
                (0.0, [0.0, 1.0, 0.0]),
                (0.5, [0.46211715726000976, 0.7864477329659274, -0.7268619813835873]),
                (-1.0, [-0.7615941559557649, 0.41997434161402607, 0.6397000084492245]),
            ],
        );
    }

    #[test]
    fn far_out() {
        points::exact(Tensor::tanh, Tensor::tanh, &[(-1000.0, [-1.0, 0.0, 0.0]), (1000.0, [1.0, 0.0, 0.0])]);
        points::keeps_nan(Tensor::tanh, Tensor::tanh);
    }
}
