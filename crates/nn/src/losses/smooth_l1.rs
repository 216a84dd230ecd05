//! The smooth L1 loss: the absolute error, quadratic near 0.

use downhill_tensor::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

use super::targets::assert_same_shape;
use super::{L1, Reduction};

/// The smooth L1 loss of the error `e = x - t`: `e²/2β` where `|e| < β`, `|e| - β/2` beyond. It is the
/// [`Huber`](super::Huber) loss divided by `β`, so the slope beyond `β` is always ±1 (Girshick, "Fast R-CNN",
/// arXiv:1504.08083). Without options: [`smooth_l1`].
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1 {
    /// `β`, where the parabola becomes a line. If it is 0, or rounds to 0 in the element type, the loss is the absolute
    /// error.
    pub beta: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for SmoothL1 {
    fn default() -> Self {
        SmoothL1 { beta: 1.0, reduction: Reduction::Mean }
    }
}

/// The mean smooth L1 loss with `β = 1` between predictions and targets of the same shape.
///
/// ```
/// use downhill_nn::SmoothL1;
/// use downhill_tensor::Tensor;
/// let loss = SmoothL1 { beta: 0.5, ..SmoothL1::default() }.loss(&Tensor::from([0.25, 3.0]), &Tensor::from([0.0, 0.0]));
/// assert_eq!(loss.item(), (0.0625 + 2.75) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn smooth_l1<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    SmoothL1::default().loss(input, target)
}

impl SmoothL1 {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ, or `beta` is negative or NaN.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert!(self.beta >= 0.0, "smooth_l1: beta must be non-negative, got {}", self.beta);
        assert_same_shape("smooth_l1", input, target);
        let beta = F::from_f64(self.beta);
        if beta == F::zero() {
            return L1 { reduction: self.reduction }.loss(input, target);
        }
        self.reduction.of(elementwise(RoundedTip { beta }, [&(input - target)]))
    }
}

/// `e²/2β` where `|e| < β`, `|e| - β/2` beyond; the derivative is [`Slope`].
///
/// A primitive for numerical stability: the gradient of a division by `β` multiplies by `1/β`, which overflows if `β`
/// is subnormal, whereas the ratio `e/β` is only evaluated where it is at most 1.
struct RoundedTip<F> {
    beta: F,
}

impl<F: Float> Elementwise<F, 1> for RoundedTip<F> {
    fn name(&self) -> &'static str {
        "smooth_l1"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise(
            "|x| - beta/2 if |x| ≥ beta else x²/(2·beta)",
            &[("x", "sign(x) if |x| ≥ beta else x/beta")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("beta", self.beta.as_f64().into())]
    }

    fn element(&self, [e]: [F; 1]) -> F {
        let half = F::from_f64(0.5);
        // A comparison with NaN is false, so NaN propagates.
        if e.abs() >= self.beta { e.abs() - self.beta * half } else { e / self.beta * e * half }
    }

    fn vjp(&self, _wrt: usize, [e]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * elementwise(Slope { beta: self.beta }, [e])
    }
}

/// `e/β` clamped to ±1; the derivative is [`Curvature`].
struct Slope<F> {
    beta: F,
}

impl<F: Float> Elementwise<F, 1> for Slope<F> {
    fn name(&self) -> &'static str {
        "smooth_l1_slope"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("sign(x) if |x| ≥ beta else x/beta", &[("x", "0 if |x| ≥ beta else 1/beta")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("beta", self.beta.as_f64().into())]
    }

    fn element(&self, [e]: [F; 1]) -> F {
        if e.abs() >= self.beta { e.signum() } else { e / self.beta }
    }

    fn vjp(&self, _wrt: usize, [e]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        elementwise(Curvature { beta: self.beta }, [dy, &e.detach()])
    }
}

/// `a/β` where `|e| < β`, else 0: linear in `a`, piecewise constant in `e`, whose derivative is therefore 0.
struct Curvature<F> {
    beta: F,
}

impl<F: Float> Elementwise<F, 2> for Curvature<F> {
    fn name(&self) -> &'static str {
        "smooth_l1_curvature"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("0 if |x| ≥ beta else a/beta", &[("a", "0 if |x| ≥ beta else 1/beta"), ("x", "0")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("beta", self.beta.as_f64().into())]
    }

    fn element(&self, [a, e]: [F; 2]) -> F {
        if e.abs() >= self.beta { F::zero() } else { a / self.beta }
    }

    fn vjp(&self, wrt: usize, [_, e]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => elementwise(Curvature { beta: self.beta }, [dy, e]),
            _ => Tensor::zeros(e.shape()),
        }
    }
}

compiled!(Elementwise<1> RoundedTip<F>);
compiled!(Elementwise<1> Slope<F>);
compiled!(Elementwise<2> Curvature<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let (a, e) = (Domain::between(-2.0, 2.0), || Domain::between(-2.0, 2.0).avoiding(&[-0.7, 0.7]));
        sweep::unary("smooth_l1", e(), |e| elementwise(RoundedTip { beta: 0.7 }, [e]));
        sweep::unary("smooth_l1_slope", e(), |e| elementwise(Slope { beta: 0.7 }, [e]));
        sweep::binary("smooth_l1_curvature", a, e(), |a, e| elementwise(Curvature { beta: 0.7 }, [a, e]));
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.25, 1.0], [-3.0, 0.25]]));
        for beta in [0.0, 0.1, 1.0, 3.0] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                // Away from the kinks: no error is 0 or beta.
                let t = &t + 0.03;
                gradcheck(|[x, t]| SmoothL1 { beta, reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn is_continuous_at_the_bend_with_slope_one() {
        let x = Tensor::param([-4.0, -2.0, 0.0, 1.0, 2.0]);
        let options = SmoothL1 { beta: 2.0, reduction: Reduction::None };
        let losses = options.loss(&x, &Tensor::zeros(&[5]));
        assert_eq!(losses.to_vec(), [3.0, 1.0, 0.0, 0.25, 1.0]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [-1.0, -1.0, 0.0, 0.5, 1.0]);
    }

    /// The slope is 1 beyond `β`, however small `β` is, and `e/β` inside; a `β` that rounds to 0 counts as 0.
    #[test]
    fn a_subnormal_beta() {
        fn check<F: Float>(beta: f64, errors: &[f64], slopes: &[f64], values: &[f64]) {
            let x = Tensor::<F>::param(errors.iter().map(|&e| F::from_f64(e)).collect::<Vec<F>>());
            let options = SmoothL1 { beta, reduction: Reduction::None };
            let losses = options.loss(&x, &Tensor::zeros(x.shape()));
            let close = |a: &Tensor<F>, b: &[f64]| {
                a.to_vec().iter().zip(b).all(|(a, b)| (a.as_f64() - b).abs() <= 1e-5 * b.abs())
            };
            let slope = losses.sum().backward()[&x].clone();
            assert!(close(&slope, slopes), "{} {beta:e}: {slope}", F::NAME);
            assert!(close(&losses, values), "{} {beta:e}: {losses}", F::NAME);
        }
        let (far, sides) = ([1.0, -2.0, 0.0], [1.0, -1.0, 0.0]);
        for beta in [f64::from(f32::MIN_POSITIVE), 1e-40, 1e-44, 1e-45, 1e-46, 1e-50] {
            check::<f32>(beta, &far, &sides, &[1.0, 2.0, 0.0]);
            check::<f32>(beta, &[1e-30], &[1.0], &[1e-30]);
        }
        for beta in [f64::MIN_POSITIVE, 1e-310, 1e-320, 5e-324] {
            check::<f64>(beta, &far, &sides, &[1.0, 2.0, 0.0]);
            check::<f64>(beta, &[1e-300], &[1.0], &[1e-300]);
        }
        // Inside, where the errors are subnormal too; the ratios are exact.
        let (one, two) = (f64::from(f32::MIN_POSITIVE) / 4.0, f64::from(f32::MIN_POSITIVE) / 8.0);
        check::<f32>(one, &[two, -two], &[0.5, -0.5], &[two / 4.0, two / 4.0]);
        let (one, two) = (f64::MIN_POSITIVE / 4.0, f64::MIN_POSITIVE / 8.0);
        check::<f64>(one, &[two, -two], &[0.5, -0.5], &[two / 4.0, two / 4.0]);
        // The other extreme, where β·|e| would overflow.
        check::<f64>(1e200, &[1e300, 1e199], &[1.0, 0.1], &[1e300, 5e197]);
        check::<f32>(1e30, &[1e38, 1e29], &[1.0, 0.1], &[1e38, 5e27]);
    }

    #[test]
    #[should_panic(expected = "smooth_l1: beta must be non-negative, got -1")]
    fn a_negative_beta() {
        SmoothL1 { beta: -1.0, ..SmoothL1::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }
}
