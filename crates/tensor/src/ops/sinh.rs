//! The hyperbolic sine, `½·(eˣ - e⁻ˣ)`; the derivative is the hyperbolic cosine.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Sinh;

impl<F: Float> Elementwise<F, 1> for Sinh {
    fn name(&self) -> &'static str {
        "sinh"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("sinh(x)", &[("x", "cosh(x)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.sinh()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.cosh()
    }
}

impl<F: Float> Tensor<F> {
    /// The hyperbolic sine `½·(eˣ - e⁻ˣ)` of every element, accurate near 0 too.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, 1e-20]);
    /// assert_eq!(x.sinh().to_vec(), [0.0, 1e-20]);
    /// assert_eq!(x.sinh().sum().backward()[&x].to_vec(), [1.0, 1.0]);
    /// ```
    pub fn sinh(&self) -> Tensor<F> {
        elementwise(Sinh, [self])
    }
}

compiled!(Elementwise<1> Sinh);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("sinh", Domain::between(-2.0, 2.0), |x| x.sinh());
    }

    #[test]
    fn values() {
        let inf = f64::INFINITY;
        let table =
            [(0.0, [0.0, 1.0, 0.0]), (1e-30, [1e-30, 1.0, 1e-30]), (-1000.0, [-inf, inf, -inf]), (inf, [inf; 3])];
        points::exact(Tensor::sinh, Tensor::sinh, &table);
        let far = 242582597.70489514;
        let table = [
            (0.5, [0.5210953054937474, 1.1276259652063807, 0.5210953054937474]),
            (-2.0, [-3.6268604078470186, 3.7621956910836314, -3.6268604078470186]),
            (20.0, [far; 3]),
        ];
        points::close(Tensor::sinh, 1e-15, &table);
        points::keeps_nan(Tensor::sinh, Tensor::sinh);
    }
}
