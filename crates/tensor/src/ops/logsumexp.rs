//! The logarithm of the sum of exponentials over axes: `y = ln Σeˣ`; the derivative is the softmax, `eˣ⁻ʸ`.
//!
//! A primitive for numerical stability: the composed form overflows.

use ndarray::Dimension;

use crate::axes;
use crate::kernels::AxisSet;
use crate::{Attribute, Axes, Elements, Float, Formula, Op, Tensor, apply, compiled, kernels};

struct LogSumExp(AxisSet);

impl<F: Float> Op<F, 1> for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("ln Σeˣ", &[("x", "dy·e^(x - y)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        axes::attributes(self.0)
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::logsumexp(x, self.0)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The reduced axes are put back with size 1, to broadcast against `x`.
        let kept = self.0.kept_shape(x.shape());
        // If every `x` is -inf, so is `y`, and `x - y` would be NaN: clamped to the lowest finite value, it is -inf.
        let y = y.clamp_min(F::min_value()).reshape(kept.slice());
        dy.reshape(kept.slice()) * (x - y).exp()
    }
}

impl<F: Float> Tensor<F> {
    /// The log-sum-exp `ln Σeˣ` of all elements, a smooth maximum, as a scalar. Never overflows; -inf if there are no
    /// elements.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1000.0_f64, 1000.0]);
    /// assert_eq!(x.logsumexp().item(), 1000.0 + 2.0_f64.ln());
    /// ```
    pub fn logsumexp(&self) -> Tensor<F> {
        self.logsumexp_axis(..)
    }

    /// [`logsumexp`](Self::logsumexp) over the given [`Axes`].
    ///
    /// If all elements are -inf, the result is `ln 0 = -inf` and the gradient is 0 (in PyTorch it is NaN).
    ///
    /// ```
    /// use downhill_tensor::{Tensor, keep};
    /// let x = Tensor::from([[0.0_f64, 0.0], [-1000.0, 3.0]]);
    /// assert_eq!(x.logsumexp_axis(keep(1)), Tensor::from([[2.0_f64.ln()], [3.0]]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn logsumexp_axis(&self, axes: impl Into<Axes>) -> Tensor<F> {
        apply(LogSumExp(axes.into().resolve("logsumexp", self.ndim())), [self])
    }
}

compiled!(Op<1> LogSumExp);

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::*;
    use crate::sweep::{self, Domain};
    use crate::{grad, keep};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 7] = [&[], &[1], &[5], &[2, 3], &[1, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("logsumexp", &some, domain(), |x| x.logsumexp());
        sweep::shapes("logsumexp", &[&[3], &[2, 3], &[0, 3], &[2, 1, 3]], domain(), |x| x.logsumexp_axis(-1));
        sweep::shapes("logsumexp", &[&[2, 3], &[2, 0], &[2, 3, 2]], domain(), |x| x.logsumexp_axis(keep(0)));
        sweep::shapes("logsumexp", &[&[2, 3, 2], &[2, 0, 1]], domain(), |x| x.logsumexp_axis([0, 2]));
    }

    #[test]
    fn far_out() {
        let x = Tensor::from([[1000.0, 999.0], [-1000.0, -1001.0], [1000.0, -1000.0], [-1000.0, -1000.0]]);
        let small = (-1.0_f64).exp().ln_1p();
        assert_eq!(x.logsumexp_axis(1), Tensor::from([1000.0 + small, -1000.0 + small, 1000.0, -1000.0 + LN_2]));
        let x = Tensor::from([1000.0_f32, 1000.0]);
        assert_eq!(x.logsumexp().item(), 1000.0 + std::f32::consts::LN_2);
    }

    #[test]
    fn infinity_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::param([[-inf, 0.0], [-inf, -inf], [inf, 0.0], [nan, 0.0]]);
        let y = x.logsumexp_axis(1);
        assert_eq!(y.to_vec()[..3], [0.0, -inf, inf]);
        assert!(y.to_vec()[3].is_nan());
        let [g] = grad(&y.sum(), [&x]);
        let bits =
            |x: &Tensor<f64>| x.to_vec().iter().map(|x| if x.is_nan() { None } else { Some(*x) }).collect::<Vec<_>>();
        let expected = [Some(0.0), Some(1.0), Some(0.0), Some(0.0), None, Some(0.0), None, None];
        assert_eq!(bits(&g), expected);
        let [second] = grad(&g.narrow(0, 0, 2).square().sum(), [&x]);
        assert_eq!(bits(&second)[..4], [Some(0.0); 4]);
    }

    #[test]
    fn of_nothing() {
        let x = Tensor::<f64>::zeros(&[0, 3]);
        assert_eq!(x.logsumexp().item(), f64::NEG_INFINITY);
        assert_eq!(x.logsumexp_axis(0), Tensor::full(&[3], f64::NEG_INFINITY));
        assert_eq!(x.logsumexp_axis(1).shape(), [0]);
    }
}
