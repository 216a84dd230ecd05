//! The negative log-likelihood of counts under a Poisson distribution: `λ - t·ln λ`, without `ln t!`, which does not
//! depend on the prediction.

use std::f64::consts::TAU;

use downhill_tensor::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise, where_};

use super::Reduction;
use super::share::share_of;
use super::targets::assert_same_shape;

/// The Poisson negative log-likelihood of counts `t`, with its options. Without options: [`poisson_nll`].
#[derive(Clone, Copy, Debug)]
pub struct PoissonNll {
    /// Whether the prediction is the logarithm `x` of the rate, so that the loss is `eˣ - t·x`. Otherwise it is the rate
    /// itself, and the loss `x - t·ln(x + ε)`.
    pub log_input: bool,
    /// Whether to add Stirling's approximation of `ln t!`, `t·ln t - t + ln(2πt)/2`, where `t > 1`.
    pub full: bool,
    /// `ε`, which keeps the logarithm of a rate of 0 finite; used only without `log_input`.
    pub eps: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for PoissonNll {
    fn default() -> Self {
        PoissonNll { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }
}

/// The mean Poisson negative log-likelihood `eˣ - t·x` of counts `t`, given predictions `x = ln λ` of the same shape. A
/// rate of 0 (`x = -inf`) costs nothing where the count is 0 (PyTorch gives NaN), and an infinite rate costs infinity
/// (likewise). [`PoissonNll`] has options, among them predictions of the rate itself.
///
/// ```
/// use downhill_nn::poisson_nll;
/// use downhill_tensor::Tensor;
/// let loss = poisson_nll(&Tensor::from([0.0, 0.0]), &Tensor::from([3.0, 0.0]));
/// assert_eq!(loss.item(), 1.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn poisson_nll<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    PoissonNll::default().loss(input, target)
}

impl PoissonNll {
    /// The loss; shapes as in [`poisson_nll`].
    ///
    /// # Panics
    /// If the shapes differ, or `eps` is negative or NaN.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert!(self.eps >= 0.0, "poisson_nll: eps must be non-negative, got {}", self.eps);
        assert_same_shape("poisson_nll", input, target);
        let losses = if self.log_input {
            elementwise(OfLogRate, [input, target])
        } else {
            elementwise(OfRate { eps: F::from_f64(self.eps) }, [input, target])
        };
        self.reduction.of(if self.full { losses + stirling(target) } else { losses })
    }
}

/// Stirling's approximation of `ln t!` above 1; 0 elsewhere, with the derivative 0.
#[track_caller]
fn stirling<F: Float>(t: &Tensor<F>) -> Tensor<F> {
    let above = t.gt(F::one());
    // 1 where the formula is not used, since its derivative at 0 is not finite.
    let t = where_(&above, t, F::one());
    let formula = &t * (t.ln() - F::one()) + (&t * F::from_f64(TAU)).ln() * F::from_f64(0.5);
    where_(&above, formula, F::zero())
}

/// `eˣ - t·x` of each pair `(x, t)`; the derivatives are `eˣ - t` and `-x`.
///
/// A primitive for the limits: the difference of two infinities, or `0·inf`, would be NaN.
struct OfLogRate;

impl<F: Float> Elementwise<F, 2> for OfLogRate {
    fn name(&self) -> &'static str {
        "poisson_nll"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("exp(x) - t·x", &[("x", "exp(x) - t"), ("t", "-x")]))
    }

    #[inline(always)]
    fn element(&self, [x, t]: [F; 2]) -> F {
        let rate = x.exp();
        // The rate outgrows `t·x`, even if that overflows too.
        if rate.is_infinite() && t.is_finite() { rate } else { rate - share_of(t, x) }
    }

    fn vjp(&self, wrt: usize, [x, t]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * (x.exp() - t),
            _ => -(dy * x),
        }
    }
}

/// `x - t·ln(x + ε)` of each pair `(x, t)`; the derivatives are `1 - t/(x + ε)` and `-ln(x + ε)`. A primitive like
/// [`OfLogRate`].
struct OfRate<F> {
    eps: F,
}

impl<F: Float> Elementwise<F, 2> for OfRate<F> {
    fn name(&self) -> &'static str {
        "poisson_nll_of_rate"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x - t·ln(x + eps)", &[("x", "1 - t/(x + eps)"), ("t", "-ln(x + eps)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("eps", self.eps.as_f64().into())]
    }

    #[inline(always)]
    fn element(&self, [x, t]: [F; 2]) -> F {
        if x == F::infinity() && t.is_finite() { x } else { x - share_of(t, (x + self.eps).ln()) }
    }

    fn vjp(&self, wrt: usize, [x, t]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let rate = x + self.eps;
        match wrt {
            0 => dy * (-(t / rate) + F::one()),
            _ => -(dy * rate.ln()),
        }
    }
}

compiled!(Elementwise<2> OfLogRate);
compiled!(Elementwise<2> OfRate<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let domain = || Domain::between(0.2, 2.0);
        sweep::binary("poisson_nll", Domain::between(-2.0, 2.0), domain(), |x, t| elementwise(OfLogRate, [x, t]));
        sweep::binary("poisson_nll_of_rate", domain(), domain(), |x, t| elementwise(OfRate { eps: 0.1 }, [x, t]));
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, 1.5], [2.0, 0.25]]), Tensor::from([[0.5, 3.0], [2.0, 0.75]]));
        for log_input in [true, false] {
            for full in [true, false] {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                    let options = PoissonNll { log_input, full, eps: 0.01, reduction };
                    gradcheck(|[x, t]| options.loss(x, t), [&x, &t], Check::order(2)).unwrap();
                }
            }
        }
    }

    /// `1 - t·0` at a rate of 1, whose logarithm is 0.
    #[test]
    fn values_by_hand() {
        let none = PoissonNll { reduction: Reduction::None, ..PoissonNll::default() };
        let (zeros, t) = (Tensor::from([0.0, 0.0, 2.0_f64.ln()]), Tensor::from([0.0, 4.0, 3.0]));
        assert_eq!(none.loss(&zeros, &t).to_vec(), [1.0, 1.0, 2.0 - 3.0 * 2.0_f64.ln()]);
        let of_rate = PoissonNll { log_input: false, eps: 0.0, ..none };
        assert_eq!(of_rate.loss(&Tensor::from([1.0, 1.0, 2.0]), &t), none.loss(&zeros, &t));
        // The deviation from ln 4! = ln 24 is about 1/48.
        let full = PoissonNll { full: true, ..none }.loss(&zeros, &t) - none.loss(&zeros, &t);
        let error = full.to_vec()[1] - 24.0_f64.ln();
        assert!((error + 1.0 / 48.0).abs() < 1e-4, "{error}");
    }

    /// `ln t!` is approximated above 1 only, and its derivative is finite everywhere.
    #[test]
    fn small_counts() {
        let (x, t) = (Tensor::from([0.0, 0.0]), Tensor::param([0.0, 1.0]));
        let options = PoissonNll { full: true, reduction: Reduction::None, ..PoissonNll::default() };
        let losses = options.loss(&x, &t);
        assert_eq!(losses.to_vec(), [1.0, 1.0]);
        assert_eq!(losses.sum().backward()[&t].to_vec(), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "poisson_nll: eps must be non-negative, got -1")]
    fn a_negative_eps() {
        PoissonNll { eps: -1.0, ..PoissonNll::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }
}
