//! The negative log-likelihood of values under normal distributions: `(ln v + (x - t)²/v)/2`, without `ln(2π)/2`.

use std::f64::consts::TAU;

use downhill_tensor::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};
use ndarray::Dimension;

use super::Reduction;
use super::targets::assert_same_shape;

/// The Gaussian negative log-likelihood of targets `t`, given predictions of the mean `x` and the variance `v`, with its
/// options. Without options: [`gaussian_nll`].
#[derive(Clone, Copy, Debug)]
pub struct GaussianNll {
    /// Whether to add the constant `ln(2π)/2`.
    pub full: bool,
    /// The smallest variance; a smaller one counts as this.
    pub eps: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for GaussianNll {
    fn default() -> Self {
        GaussianNll { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

/// The mean of `(ln v + (x - t)²/v)/2` over predicted means `x` and targets `t` of the same shape, with variances `v`.
///
/// The variances have the shape of the means, or the same without its last axis, or with axes of size 1, or are a single
/// number (shape `[]`). A variance below 1e-6 counts as 1e-6, but its gradient is the one at 1e-6 (not 0), as in PyTorch,
/// so that it can grow again. [`GaussianNll`] has options.
///
/// ```
/// use downhill_nn::gaussian_nll;
/// use downhill_tensor::Tensor;
/// let (x, t) = (Tensor::from([[1.0, 2.0], [0.0, 6.0]]), Tensor::from([[1.0, 4.0], [0.0, 2.0]]));
/// let variance = Tensor::from([1.0, 4.0]);
/// assert_eq!(gaussian_nll(&x, &t, &variance).item(), (4.0 + 2.0 * 4.0_f64.ln() + 16.0 / 4.0) / 8.0);
/// ```
///
/// # Panics
/// If the means and the targets differ in shape, the variances have another shape than those above, or one is negative.
#[track_caller]
pub fn gaussian_nll<F: Float>(input: &Tensor<F>, target: &Tensor<F>, var: &Tensor<F>) -> Tensor<F> {
    GaussianNll::default().loss(input, target, var)
}

impl GaussianNll {
    /// The loss; shapes as in [`gaussian_nll`].
    ///
    /// # Panics
    /// If the means and the targets differ in shape, the variances do not fit, one is negative, or `eps` is negative or
    /// NaN.
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>, var: &Tensor<F>) -> Tensor<F> {
        assert!(self.eps >= 0.0, "gaussian_nll: eps must be non-negative, got {}", self.eps);
        assert_same_shape("gaussian_nll", input, target);
        check_variance(var, input.shape());
        let var = elementwise(VarianceFloor { eps: F::from_f64(self.eps) }, [var]);
        let one_short = var.ndim() + 1 == input.ndim() && var.ndim() > 0;
        let var = if one_short { var.unsqueeze(-1) } else { var };
        let error = input - target;
        // Not `error²/v`, whose square may overflow.
        let mut losses = (&error / &var * &error + var.ln()) * F::from_f64(0.5);
        if self.full {
            losses += F::from_f64(0.5 * TAU.ln());
        }
        self.reduction.of(losses)
    }
}

/// Panics unless the variances fit means of the shape `input`, and none is negative.
#[track_caller]
fn check_variance<F: Float>(var: &Tensor<F>, input: &[usize]) {
    let shape = var.shape();
    let broadcasts = shape.len() == input.len() && shape.iter().zip(input).all(|(v, n)| v == n || *v == 1);
    let one_short = shape.len() + 1 == input.len() && input.starts_with(shape);
    assert!(
        broadcasts || one_short || shape.is_empty(),
        "gaussian_nll: shape mismatch: means {input:?} and variances {shape:?}: the variances must have the means' shape, \
         the same without its last axis or with axes of size 1, or the shape []"
    );
    let view = var.view();
    if let Some((index, v)) = view.indexed_iter().find(|&(_, &v)| v < F::zero()) {
        panic!(
            "gaussian_nll: variance {v} at index {:?} is negative; a network's output `x` becomes a variance by \
             `x.softplus()` or `x.exp()`",
            index.slice()
        );
    }
}

/// `max(v, ε)` with the derivative 1 everywhere.
///
/// A primitive because this is not the derivative of the maximum: with that, a variance below `ε` would never leave.
struct VarianceFloor<F> {
    eps: F,
}

impl<F: Float> Elementwise<F, 1> for VarianceFloor<F> {
    fn name(&self) -> &'static str {
        "variance_floor"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("max(x, eps)", &[("x", "1")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("eps", self.eps.as_f64().into())]
    }

    fn element(&self, [v]: [F; 1]) -> F {
        // A comparison with NaN is false, so NaN propagates.
        if v < self.eps { self.eps } else { v }
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy.clone()
    }
}

compiled!(Elementwise<1> VarianceFloor<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        sweep::unary("variance_floor", Domain::between(0.2, 2.0), |v| elementwise(VarianceFloor { eps: 0.1 }, [v]));
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.5, 1.0], [-3.0, 0.25]]));
        let var = Tensor::from([[0.5, 1.0], [2.0, 0.25]]);
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
            let options = GaussianNll { full: true, reduction, ..GaussianNll::default() };
            for var in [&var, &var.narrow(1, 0, 1), &var.select(0, 0), &Tensor::from(0.7)] {
                gradcheck(|[x, t, v]| options.loss(x, t, v), [&x, &t, var], Check::order(2)).unwrap();
            }
        }
    }

    /// A variance for each row, in both ways to say so; `[2]` is one for each row, not for each column.
    #[test]
    fn shapes_of_variances() {
        let none = GaussianNll { reduction: Reduction::None, ..GaussianNll::default() };
        let (x, t) = (Tensor::from([[2.0, 4.0], [2.0, 4.0]]), Tensor::zeros(&[2, 2]));
        let expected = [[2.0, 8.0], [0.5 + 2.0_f64.ln(), 2.0 + 2.0_f64.ln()]];
        for var in [Tensor::from([1.0, 4.0]), Tensor::from([[1.0], [4.0]]), Tensor::from([[1.0, 1.0], [4.0, 4.0]])] {
            assert_eq!(none.loss(&x, &t, &var), Tensor::from(expected), "{var}");
        }
        assert_eq!(none.loss(&x, &t, &Tensor::from([[1.0, 4.0]])).to_vec()[0], 2.0);
        assert_eq!(none.loss(&x, &t, &Tensor::from(1.0)).to_vec(), [2.0, 8.0, 2.0, 8.0]);
        let nothing = Tensor::<f32>::zeros(&[0, 3]);
        assert_eq!(none.loss(&nothing, &nothing, &Tensor::zeros(&[0])).shape(), [0, 3]);
    }

    /// A variance of 0 counts as `ε`, and is told to grow.
    #[test]
    fn below_the_floor() {
        let (x, t, var) = (Tensor::param(1.0), Tensor::from(0.0), Tensor::param(0.0));
        let loss = GaussianNll { eps: 0.25, ..GaussianNll::default() }.loss(&x, &t, &var);
        assert_eq!(loss.item(), (4.0 + 0.25_f64.ln()) / 2.0);
        let slopes = loss.backward();
        // (1/v - (x - t)²/v²)/2 at v = 1/4.
        assert_eq!((slopes[&x].item(), slopes[&var].item()), (4.0, (4.0 - 16.0) / 2.0));
    }

    /// Squares that overflow, although the losses do not; infinite and NaN variances.
    #[test]
    fn ends() {
        fn check<F: Float>(large: f64) {
            let none = GaussianNll { reduction: Reduction::None, ..GaussianNll::default() };
            let number = F::from_f64;
            let x = Tensor::param([large, 1.0, 1.0, f64::INFINITY].map(number));
            let var = Tensor::param([large, f64::INFINITY, f64::NAN, 1.0].map(number));
            let losses = none.loss(&x, &Tensor::zeros(&[4]), &var);
            let values = losses.to_vec().into_iter().map(F::as_f64).collect::<Vec<_>>();
            assert!((values[0] / (number(large).as_f64() / 2.0) - 1.0).abs() < 1e-6, "{values:?}");
            assert!(values[1] == f64::INFINITY && values[2].is_nan() && values[3] == f64::INFINITY, "{values:?}");
            let slopes = losses.sum().backward();
            assert_eq!(slopes[&x].to_vec()[..2], [F::one(), F::zero()]);
            assert!(slopes[&x].to_vec()[2].is_nan() && slopes[&var].to_vec()[2].is_nan());
            assert!((slopes[&var].to_vec()[0].as_f64() + 0.5).abs() < 1e-6);
        }
        check::<f32>(1e30);
        check::<f64>(1e200);
    }

    #[test]
    #[should_panic(expected = "gaussian_nll: variance -0.5 at index [1] is negative")]
    fn a_negative_variance() {
        gaussian_nll(&Tensor::from([0.5, 0.5]), &Tensor::from([1.0, 0.0]), &Tensor::from([1.0, -0.5]));
    }

    #[test]
    #[should_panic(expected = "gaussian_nll: shape mismatch: means [2, 3] and variances [3]")]
    fn variances_of_the_columns() {
        let x = Tensor::<f32>::zeros(&[2, 3]);
        gaussian_nll(&x, &x, &Tensor::ones(&[3]));
    }
}
