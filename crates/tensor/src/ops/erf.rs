//! The error function: `erf(x) = 2/√π · ∫₀ˣ e^(-t²) dt`; the derivative is `2/√π · e^(-x²)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Erf;

impl<F: Float> Elementwise<F, 1> for Erf {
    fn name(&self) -> &'static str {
        "erf"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("erf(x)", &[("x", "2/√π·exp(-x²)")]))
    }

    // Inlined, or the loop over `f32` elements is not vectorized; `f64` calls libm.
    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        x.erf()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // Where `x²` overflows, `exp(-inf)` is the right limit, 0.
        dy * (-x.square()).exp() * F::FRAC_2_SQRT_PI()
    }
}

impl<F: Float> Tensor<F> {
    /// The error function `2/√π · ∫₀ˣ e^(-t²) dt` of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let y = Tensor::from([-1000.0, 0.0, 1.0_f64]).erf().to_vec();
    /// assert_eq!(y[..2], [-1.0, 0.0]);
    /// assert!((y[2] - 0.8427007929497149).abs() < 1e-15);
    /// ```
    pub fn erf(&self) -> Tensor<F> {
        elementwise(Erf, [self])
    }
}

compiled!(Elementwise<1> Erf);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("erf", Domain::between(-2.0, 2.0), |x| x.erf());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::erf,
            1e-15,
            &[
                (0.0, [0.0, std::f64::consts::FRAC_2_SQRT_PI, 0.0]),
                (0.5, [0.5204998778130465, 0.8787825789354448, -0.8787825789354448]),
                (-2.0, [-0.9953222650189527, 0.020666985354092054, 0.08266794141636822]),
                (5.0, [0.9999999999984625, 1.5670866531017335e-11, -1.5670866531017335e-10]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [-1.0, 0.0, 0.0]), (1000.0, [1.0, 0.0, 0.0])];
        points::exact(Tensor::erf, Tensor::erf, &table);
        points::keeps_nan(Tensor::erf, Tensor::erf);
    }
}
