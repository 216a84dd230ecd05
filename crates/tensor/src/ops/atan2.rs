//! The angle of a point in the plane: `atan2(y, x)`; the derivatives are `x / (x² + y²)` and `-y / (x² + y²)`.

use crate::elementwise::step2;
use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Atan2;

impl<F: Float> Elementwise<F, 2> for Atan2 {
    fn name(&self) -> &'static str {
        "atan2"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("atan2(a, b)", &[("a", "b/(a² + b²)"), ("b", "-a/(a² + b²)")]))
    }

    fn element(&self, [y, x]: [F; 2]) -> F {
        y.atan2(x)
    }

    fn vjp(&self, wrt: usize, [y, x]: [&Tensor<F>; 2], _: &Tensor<F>, dz: &Tensor<F>) -> Tensor<F> {
        // Divided by the larger of the two before they are squared, so that no square overflows or vanishes. The
        // formula holds for any scale, so that a constant one leaves its derivatives right.
        let scale = step2(y, x, |y, x| match y.abs().max(x.abs()) {
            larger if larger > F::zero() && larger.is_finite() => larger,
            _ => F::one(),
        });
        let (y, x) = (y / &scale, x / &scale);
        let inverse = dz / (y.square() + x.square()) / scale;
        if wrt == 0 { inverse * x } else { -inverse * y }
    }
}

impl<F: Float> Tensor<F> {
    /// The angle of the point `(x, self)` in (-π, π], for every pair of elements, with broadcasting: `atan(self/x)`
    /// with the quadrant of the point. At `(0, 0)` the angle is 0, and the derivative is NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (y, x) = (Tensor::from([0.0, 2.0, 0.0_f64]), Tensor::from([3.0, 0.0, -1.0]));
    /// assert_eq!(y.atan2(&x).to_vec(), [0.0, std::f64::consts::FRAC_PI_2, std::f64::consts::PI]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[doc(alias = "arctan2")]
    #[track_caller]
    pub fn atan2(&self, x: impl Into<Tensor<F>>) -> Tensor<F> {
        elementwise(Atan2, [self, &x.into()])
    }
}

compiled!(Elementwise<2> Atan2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let away = Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        sweep::binary("atan2", away.clone(), away, |y, x| y.atan2(x));
    }

    #[test]
    fn every_quadrant() {
        let (y, x) =
            (Tensor::from([1.0, 1.0, -1.0, -1.0, 0.0, -0.0]), Tensor::from([1.0, -1.0, -1.0, 1.0, -2.0, -2.0]));
        let pi = std::f64::consts::PI;
        assert_eq!(y.atan2(&x).to_vec(), [pi / 4.0, 3.0 * pi / 4.0, -3.0 * pi / 4.0, -pi / 4.0, pi, -pi]);
    }

    /// At (3, 4), the derivatives are 4/25 and -3/25; both are inversely proportional to the distance.
    #[test]
    fn derivatives_where_squares_overflow_or_vanish() {
        for scale in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
            let (y, x) = (Tensor::param(3.0 * scale), Tensor::param(4.0 * scale));
            let angle = y.atan2(&x);
            let [by_y, by_x] = grad(&angle, [&y, &x]).map(|g| g.item() * scale);
            assert!((angle.item() - 0.75_f64.atan()).abs() < 1e-15);
            assert!((by_y - 0.16).abs() < 1e-15 && (by_x + 0.12).abs() < 1e-15, "{scale:e}: {by_y}, {by_x}");
        }
    }

    #[test]
    fn the_ends() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let y = Tensor::param([0.0, -0.0, inf, 1.0, nan, 1.0]);
        let x = Tensor::from([0.0, 0.0, 1.0, inf, 1.0, nan]);
        let angle = y.atan2(&x).to_vec();
        assert_eq!(angle[..4], [0.0, -0.0, std::f32::consts::FRAC_PI_2, 0.0]);
        assert!(angle[1].is_sign_negative() && angle[4].is_nan() && angle[5].is_nan());
        assert!(y.atan2(&x).sum().backward()[&y].to_vec()[0].is_nan(), "there is no direction at the origin");
    }
}
