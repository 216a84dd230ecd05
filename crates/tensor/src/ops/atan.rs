//! The arc tangent; the derivative is `1 / (1 + x²)`.

use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Atan;

impl<F: Float> Elementwise<F, 1> for Atan {
    fn name(&self) -> &'static str {
        "atan"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("atan(x)", &[("x", "1/(1 + x²)")]))
    }

    fn element(&self, [x]: [F; 1]) -> F {
        x.atan()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy / (x.square() + F::one())
    }
}

impl<F: Float> Tensor<F> {
    /// The arc tangent of every element, in [-π/2, π/2]. For the angle of a point in the plane, see
    /// [`atan2`](Self::atan2).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([0.0, f64::INFINITY]);
    /// assert_eq!(x.atan().to_vec(), [0.0, std::f64::consts::FRAC_PI_2]);
    /// assert_eq!(x.atan().sum().backward()[&x].to_vec(), [1.0, 0.0]);
    /// ```
    #[doc(alias = "arctan")]
    pub fn atan(&self) -> Tensor<F> {
        elementwise(Atan, [self])
    }
}

compiled!(Elementwise<1> Atan);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("atan", Domain::between(-2.0, 2.0), |x| x.atan());
    }

    #[test]
    fn values() {
        let half_pi = std::f64::consts::FRAC_PI_2;
        points::exact(Tensor::atan, Tensor::atan, &[(0.0, [0.0, 1.0, 0.0])]);
        let x = Tensor::param([1e300, f64::INFINITY]);
        assert_eq!((x.atan().to_vec(), x.atan().sum().backward()[&x].to_vec()), (vec![half_pi; 2], vec![0.0; 2]));
        let table = [
            (0.5, [0.4636476090008061, 0.8, -0.64]),
            (-3.0, [-1.2490457723982544, 0.1, 0.06]),
            (1000.0, [1.5697963271282298, 9.99999000001e-07, -1.999996000006e-09]),
        ];
        points::close(Tensor::atan, 2e-15, &table);
        let x = Tensor::param(f32::NEG_INFINITY);
        assert_eq!((x.atan().item(), x.atan().backward()[&x].item()), (-std::f32::consts::FRAC_PI_2, 0.0));
        points::keeps_nan(Tensor::atan, Tensor::atan);
    }
}
