//! The exponential to the base 2: `y = 2ˣ`; the derivative is `y·ln 2`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Exp2;

impl<F: Float> Elementwise<F, 1> for Exp2 {
    fn name(&self) -> &'static str {
        "exp2"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("2^x", &[("x", "y·ln(2)")]))
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.exp2()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * y * F::LN_2()
    }
}

impl<F: Float> Tensor<F> {
    /// `2ˣ` of every element; exact for integers.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([-1.0, 0.0, 10.0, f64::NEG_INFINITY]);
    /// assert_eq!(x.exp2().to_vec(), [0.5, 1.0, 1024.0, 0.0]);
    /// ```
    pub fn exp2(&self) -> Tensor<F> {
        elementwise(Exp2, [self])
    }
}

compiled!(Elementwise<1> Exp2);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("exp2", Domain::between(-2.0, 2.0), |x| x.exp2());
    }

    #[test]
    fn values() {
        let (inf, ln2) = (f64::INFINITY, std::f64::consts::LN_2);
        let table =
            [(0.0, [1.0, ln2, ln2 * ln2]), (-inf, [0.0; 3]), (-2000.0, [0.0; 3]), (2000.0, [inf; 3]), (inf, [inf; 3])];
        points::close(Tensor::exp2, 1e-15, &table[..1]);
        points::exact(Tensor::exp2, Tensor::exp2, &table[1..]);
        let table = [
            (0.5, [std::f64::consts::SQRT_2, 0.9802581434685472, 0.6794631683661498]),
            (-3.5, [0.08838834764831845, 0.0612661339667842, 0.042466448022884365]),
        ];
        points::close(Tensor::exp2, 1e-15, &table);
        points::keeps_nan(Tensor::exp2, Tensor::exp2);
    }
}
