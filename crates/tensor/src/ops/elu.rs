//! The exponential linear unit: `x` above 0, `α(eˣ - 1)` elsewhere; the derivative is 1 above 0 and `α·eˣ` elsewhere,
//! including at 0.
//!
//! A primitive for numerical stability: composed with `where_`, the branch not taken overflows and its gradient is
//! `0·inf`, NaN; composed with `clamp`, the derivative at 0 is lost.

use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Elu<F> {
    alpha: F,
}

impl<F: Float> Elementwise<F, 1> for Elu<F> {
    fn name(&self) -> &'static str {
        "elu"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x if x > 0 else alpha·(exp(x) - 1)", &[("x", "1 if x > 0 else alpha·exp(x)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("alpha", self.alpha.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        if x > F::zero() { x } else { self.alpha * x.exp_m1() }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // Not `y + α`, which cancels where `y` is near -α.
        dy * elementwise(EluSlope { above: F::one(), alpha: self.alpha }, [x])
    }
}

/// `above` where `x > 0`, `α·eˣ` elsewhere; the derivative is the same function with `above = 0`.
struct EluSlope<F> {
    above: F,
    alpha: F,
}

impl<F: Float> Elementwise<F, 1> for EluSlope<F> {
    fn name(&self) -> &'static str {
        "elu_slope"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("above if x > 0 else alpha·exp(x)", &[("x", "0 if x > 0 else alpha·exp(x)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("above", self.above.as_f64().into()), ("alpha", self.alpha.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [x]: [F; 1]) -> F {
        if x > F::zero() { self.above } else { self.alpha * x.exp() }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * elementwise(EluSlope { above: F::zero(), alpha: self.alpha }, [x])
    }
}

impl<F: Float> Tensor<F> {
    /// The exponential linear unit of every element: `x` above 0, `α(eˣ - 1)` elsewhere (Clevert, Unterthiner and
    /// Hochreiter 2015, [arXiv:1511.07289](https://arxiv.org/abs/1511.07289)). PyTorch's default `alpha` is 1. The
    /// derivative at 0 is `alpha`, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.elu(2.0).to_vec(), [-2.0, 0.0, 1000.0]);
    /// assert_eq!(x.elu(2.0).sum().backward()[&x].to_vec(), [0.0, 2.0, 1.0]);
    /// ```
    pub fn elu(&self, alpha: F) -> Tensor<F> {
        elementwise(Elu { alpha }, [self])
    }
}

compiled!(Elementwise<1> Elu<F>);
compiled!(Elementwise<1> EluSlope<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0).avoiding(&[0.0]);
        for alpha in [1.0, 0.5, -0.7] {
            sweep::unary("elu", domain(), |x| x.elu(alpha));
            sweep::unary("elu_slope", domain(), |x| elementwise(EluSlope { above: 1.0, alpha }, [x]));
        }
    }

    #[test]
    fn values() {
        points::close(
            |x| x.elu(1.0),
            1e-15,
            &[
                (-1.0, [-0.6321205588285577, 0.36787944117144233, 0.36787944117144233]),
                (-30.0, [-0.9999999999999064, 9.357622968840175e-14, 9.357622968840175e-14]),
            ],
        );
    }

    #[test]
    fn the_kink_and_far_out() {
        let inf = f64::INFINITY;
        let table = [
            (-inf, [-0.5, 0.0, 0.0]),
            (-1000.0, [-0.5, 0.0, 0.0]),
            (0.0, [0.0, 0.5, 0.5]),
            (1e-30, [1e-30, 1.0, 0.0]),
            (1000.0, [1000.0, 1.0, 0.0]),
        ];
        points::exact(|x| x.elu(0.5), |x| x.elu(0.5), &table);
        points::keeps_nan(|x| x.elu(0.5), |x| x.elu(0.5));
    }
}
