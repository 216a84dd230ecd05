//! Averaged stochastic gradient descent.

use std::mem::replace;

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::options::{OptionError, non_negative};
use crate::state::{Kept, ParamState};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Averaged stochastic gradient descent: SGD with a decaying learning rate, whose result is the average of the iterates
/// from step `t0` on.
///
/// ```text
/// g = ∇L + λ·p
/// p = p·(1 - Λ·ηₜ) - ηₜ·g
/// a = p while μₜ = 1, else a + μₜ·(p - a)
/// ηₜ₊₁ = η / (1 + Λ·η·t)^α,   μₜ₊₁ = 1 / max(1, t - t0)
/// ```
///
/// The average `a` is the buffer `ax`: `opt.state("weight").unwrap().buffer("ax")`. The parameters themselves are the
/// last iterate. [`WeightAverage`](crate::WeightAverage) averages with any rule.
///
/// Polyak and Juditsky, *Acceleration of stochastic approximation by averaging*, 1992; the schedule is Bottou's. As in
/// PyTorch, the default `t0` is 1e6, so most runs never average: set it.
///
/// ```
/// use downhill_optim::{Asgd, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([1.0_f64]);
/// let mut opt = Optimizer::new(Asgd { lr: 0.9, t0: 0.0, lambd: 0.0, ..Asgd::default() });
/// for _ in 0..100 {
///     let loss = w.square().sum();
///     opt.step(&mut w, &loss.backward()); // oscillates around 0
/// }
/// assert!(opt.state("").unwrap().buffer("ax").unwrap()[0].abs() < 0.01);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Asgd {
    /// The learning rate η.
    #[options(default = 1e-2)]
    pub lr: f64,
    /// The decay of the learning rate and of the parameters, Λ.
    #[options(default = 1e-4)]
    pub lambd: f64,
    /// The exponent of the learning rate decay, α.
    #[options(default = 0.75)]
    pub alpha: f64,
    /// The step at which averaging starts.
    #[options(default = 1e6)]
    pub t0: f64,
    /// The weight decay λ, an L2 penalty.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Asgd {
    fields!(Asgd);

    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        if state.steps == 0 {
            return Ok(());
        }
        let len: usize = shape.iter().product();
        let numbers = &[("eta", 0.0..=f64::MAX), ("mu", 0.0..=1.0)];
        state.check("Asgd", &Kept { always: &[("ax", len)], numbers, ..Kept::default() })
    }

    fn check(&self) -> Result<(), OptionError> {
        let others = [("lambd", self.lambd), ("weight_decay", self.weight_decay)];
        non_negative("Asgd", &[("lr", self.lr), others[0], others[1], ("alpha", self.alpha), ("t0", self.t0)])
    }
}

impl<F: Float> ParamRule<F> for Asgd {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let next_eta = self.lr / (1.0 + self.lambd * self.lr * t).powf(self.alpha);
        let eta_now = replace(param.state.number("eta", self.lr), next_eta);
        let mu_now = replace(param.state.number("mu", 1.0), 1.0 / (t - self.t0).max(1.0));
        let [eta, kept, mu] = [eta_now, 1.0 - self.lambd * eta_now, mu_now].map(F::from_f64);
        let decay = F::from_f64(self.weight_decay);
        let sign = sign::<F>(self.maximize);
        // Never flush: the average is as large as the parameters.
        param.each_cutting([("ax", F::zero())], move |p, g, [a]| {
            let g = sign * g + decay * p;
            let p = p * kept - eta * g;
            (p, [if mu == F::one() { p } else { a + mu * (p - a) }])
        });
    }
}

compiled!(fn(&Asgd, &mut ParamUpdate<'_, F>) = <Asgd as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused, remembered};

    #[test]
    fn matches_pytorch() {
        expect(Asgd { lr: 0.05, ..Asgd::default() }, 5, [0.773762102359, 0.031249609371]);
    }

    /// Until `t0` the average is bitwise identical to the parameter, however far it jumps. With Λη = 1 and a constant η
    /// the parameter is -η·g: 1e16, then 3.3, where `a + (p - a)` would be 4.
    #[test]
    fn before_averaging_begins_the_average_is_the_parameter() {
        let rule = Asgd { lr: 0.5, lambd: 2.0, alpha: 0.0, ..Asgd::default() };
        let [a, p] = remembered(rule, "ax", &[[-2e16, 2e16], [-6.6, 6.6]]);
        assert_eq!(p, [3.3, -3.3]);
        assert_eq!(a, p);
    }

    /// By hand: η = 0.5, t₀ = 0, so μ = 1, 1, 1/2, 1/3 in steps 1 to 4; p = 0.5, 0, -0.5, -1.
    #[test]
    fn then_it_is_the_mean_of_what_follows() {
        let rule = || Asgd { lr: 0.5, lambd: 0.0, t0: 0.0, ..Asgd::default() };
        for (steps, expected) in [(1, 0.5), (2, 0.0), (3, -0.25), (4, -0.5)] {
            let [a, p] = remembered(rule(), "ax", &vec![[1.0, 1.0]; steps]);
            assert!((a[0] - expected).abs() < 1e-15, "{steps}: {a:?}");
            assert_eq!(p[0], 1.0 - 0.5 * steps as f64);
        }
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Asgd { lambd: -1.0, ..Asgd::default() }, "Asgd: lambd must be ≥ 0, got -1");
    }
}
