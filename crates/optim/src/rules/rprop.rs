//! Rprop: resilient backpropagation.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::signum;
use crate::options::{OptionError, non_negative, require};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Rprop: uses only the sign of the gradient. Each element has its own step size, which grows while the sign stays the
/// same and shrinks when it changes.
///
/// ```text
/// g·g' > 0:  d = d·η⁺
/// g·g' < 0:  d = d·η⁻, and g = 0 for this step and as the next g'
/// d = d clamped to [step_min, step_max]
/// p = p - sign(g)·d
/// ```
///
/// `g'` is the gradient of the previous step, initially 0; the sign of NaN is NaN. The learning rate is only the
/// initial `d`: changing it later has no effect. Meant for full batches: with mini-batches, signs change by chance and
/// the step sizes shrink to `step_min`.
///
/// Riedmiller and Braun, *A direct adaptive method for faster backpropagation learning: the RPROP algorithm*, 1993;
/// this is the variant without weight backtracking (iRprop⁻, Igel and Hüsken, 2000), as in PyTorch.
///
/// ```
/// use downhill_optim::{Optimizer, Rprop};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64, -0.001]);
/// let mut opt = Optimizer::new(Rprop { lr: 0.5, ..Rprop::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w, Tensor::from([4.5, 0.499]));
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(etas(eta_minus, eta_plus), step_sizes(step_min, step_max))]
pub struct Rprop {
    /// The learning rate: the initial step size of every element.
    #[options(default = 1e-2)]
    pub lr: f64,
    /// The factor of the step size when the sign changes, η⁻.
    #[options(default = 0.5)]
    pub eta_minus: f64,
    /// The factor of the step size while the sign stays the same, η⁺.
    #[options(default = 1.2)]
    pub eta_plus: f64,
    /// The minimum step size.
    #[options(default = 1e-6)]
    pub step_min: f64,
    /// The maximum step size.
    #[options(default = 50.0)]
    pub step_max: f64,
    /// Maximize the objective instead of minimizing it.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Rprop {
    fields!(Rprop, keeps = ["prev", "step_size"]);

    fn check(&self) -> Result<(), OptionError> {
        let within = |x: f64, low: f64, high: f64| low < x && x < high;
        non_negative("Rprop", &[("lr", self.lr), ("step_min", self.step_min), ("step_max", self.step_max)])?;
        require(within(self.eta_minus, 0.0, 1.0), "Rprop", "eta_minus", "in (0, 1)", self.eta_minus)?;
        require(within(self.eta_plus, 1.0, f64::INFINITY), "Rprop", "eta_plus", "above 1", self.eta_plus)?;
        require(self.step_max >= self.step_min, "Rprop", "step_max", "at least step_min", self.step_max)
    }
}

impl<F: Float> ParamRule<F> for Rprop {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        param.start("step_size", self.lr);
        let [minus, plus, low, high] = [self.eta_minus, self.eta_plus, self.step_min, self.step_max].map(F::from_f64);
        let (sign, zero, one) = (sign::<F>(self.maximize), F::zero(), F::one());
        param.each_cutting([("prev", zero), ("step_size", zero)], move |p, g, [last, d]| {
            let g = sign * g;
            // Not `g * last`, which can underflow to 0 and lose the sign.
            let product = signum(g) * last;
            let turned = product < zero;
            let factor = if product > zero { plus } else { one };
            let factor = if turned { minus } else { factor };
            let d = (d * factor).max(low).min(high);
            let g = if turned { zero } else { g };
            // 0 for a gradient of 0, NaN for NaN.
            let by = if g > zero { d } else { g };
            let by = if g < zero { -d } else { by };
            (p - by, [g, d])
        });
    }
}

compiled!(fn(&Rprop, &mut ParamUpdate<'_, F>) = <Rprop as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused, remembered};

    #[test]
    fn matches_pytorch() {
        expect(Rprop::default(), 5, [0.925584000000, 0.925584000000]);
    }

    #[test]
    fn signs_of_gradients_whose_product_vanishes() {
        let rule = Rprop { lr: 1.0, ..Rprop::default() };
        let [d, p] = remembered(rule.clone(), "step_size", &[[1e-200, -1e-200]; 2]);
        assert_eq!((d, p), (vec![1.2; 2], vec![-1.2, 3.2]));
        let [d, p] = remembered(rule, "step_size", &[[1e-200, -1e-200], [-1e-200, 1e-200]]);
        assert_eq!((d, p), (vec![0.5; 2], vec![0.0, 2.0]));
    }

    /// PyTorch leaves the parameter unchanged, because its sign of NaN is 0; but divergence must not be hidden.
    #[test]
    fn nan_is_seen() {
        let [_, p] = remembered(Rprop::default(), "prev", &[[f64::NAN, 1.0]]);
        assert!(p[0].is_nan() && p[1] == 0.99, "{p:?}");
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Rprop { eta_plus: 0.9, ..Rprop::default() }, "Rprop: eta_plus must be above 1, got 0.9");
        refused(
            Rprop { step_max: 1e-9, ..Rprop::default() },
            "Rprop: step_max must be at least step_min, got 0.000000001",
        );
    }
}
