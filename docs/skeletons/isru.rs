//! The inverse square root unit: `x / √(1 + α·x²)`; the derivative is `(1 + α·x²)^(-3/2)`.
//!
//! A primitive for numerical stability: the derivative of the composed form is a difference that cancels at large `x`.
//!
//! Carlile et al., arXiv 1710.09967.

use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Isru<F> {
    alpha: F,
}

impl<F: Float> Elementwise<F, 1> for Isru<F> {
    fn name(&self) -> &'static str {
        "isru"
    }

    // For those who look at a graph; the sweep evaluates it.
    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x/√(1 + alpha·x²)", &[("x", "1/(√(1 + alpha·x²)·(1 + alpha·x²))")]))
    }

    // What defines the operation beside its inputs. An operation without fields has no such method.
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("alpha", self.alpha.as_f64().into())]
    }

    fn element(&self, [x]: [F; 1]) -> F {
        let one = F::one();
        // Where the square may overflow, its inverse may only vanish. A comparison with NaN is false, so that NaN passes.
        if x.abs() > one {
            x.signum() / (one / (x * x) + self.alpha).sqrt()
        } else {
            x / (one + self.alpha * x * x).sqrt()
        }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * (x.square() * self.alpha + F::one()).rsqrt().powi(3)
    }
}

impl<F: Float> Tensor<F> {
    /// The inverse square root unit, `x / √(1 + α·x²)`, of every element.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// assert_eq!(Tensor::from([-0.75, 0.0, 0.75]).isru(1.0).to_vec(), [-0.6, 0.0, 0.6]);
    /// ```
    pub fn isru(&self, alpha: F) -> Tensor<F> {
        elementwise(Isru { alpha }, [self])
    }
}

compiled!(Elementwise<1> Isru<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        for alpha in [0.3, 1.0, 2.0] {
            sweep::unary("isru", Domain::between(-2.0, 2.0), |x| x.isru(alpha));
        }
    }

    /// 3/4 divided by √(25/16) = 5/4; the slope (4/5)³, the curvature -3·(3/4)·(4/5)⁵.
    #[test]
    fn values_by_hand() {
        let table = [
            (0.0, [0.0, 1.0, 0.0]),
            (0.75, [0.6, 0.512, -0.73728]),
            (-0.75, [-0.6, 0.512, 0.73728]),
            // Whose square is infinite.
            (1e300, [1.0, 0.0, 0.0]),
        ];
        points::close(|x| x.isru(1.0), 4e-15, &table);
        points::keeps_nan(|x| x.isru(1.0), |x| x.isru(1.0));
    }
}
