//! The hyperbolic cosine, `½·(eˣ + e⁻ˣ)`; the derivative is the hyperbolic sine.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Cosh;

impl<F: Float> Elementwise<F, 1> for Cosh {
    fn name(&self) -> &'static str {
        "cosh"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("cosh(x)", &[("x", "sinh(x)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.cosh()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.sinh()
    }
}

impl<F: Float> Tensor<F> {
    /// The hyperbolic cosine `½·(eˣ + e⁻ˣ)` of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param(0.0);
    /// assert_eq!(x.cosh().item(), 1.0);
    /// assert_eq!(x.cosh().backward()[&x].item(), 0.0);
    /// ```
    pub fn cosh(&self) -> Tensor<F> {
        elementwise(Cosh, [self])
    }
}

compiled!(Elementwise<1> Cosh);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("cosh", Domain::between(-2.0, 2.0), |x| x.cosh());
    }

    #[test]
    fn values() {
        let inf = f64::INFINITY;
        let table = [(0.0, [1.0, 0.0, 1.0]), (1e-30, [1.0, 1e-30, 1.0]), (-1000.0, [inf, -inf, inf]), (inf, [inf; 3])];
        points::exact(Tensor::cosh, Tensor::cosh, &table);
        let far = 242582597.70489514;
        let table = [
            (0.5, [1.1276259652063807, 0.5210953054937474, 1.1276259652063807]),
            (-2.0, [3.7621956910836314, -3.6268604078470186, 3.7621956910836314]),
            (20.0, [far; 3]),
        ];
        points::close(Tensor::cosh, 1e-15, &table);
        points::keeps_nan(Tensor::cosh, Tensor::cosh);
    }
}
