//! SignSGD and Signum.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::{cut, signum};
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Sign descent: every element moves by η against the sign of its gradient or, with momentum (Signum), of the running
/// mean of its gradients.
///
/// ```text
/// m = β·m + (1 - β)·g
/// p = p·(1 - η·λ) - η·sign(m)
/// ```
///
/// With β = 0, `m` is the gradient itself. The sign of 0 is 0. Weight decay is decoupled: an L2 penalty could only flip
/// signs.
///
/// Bernstein et al., arXiv 1802.04434. Not in PyTorch. [`Rprop`](crate::Rprop) adapts a step size for each element;
/// [`Lion`](crate::Lion) has two betas.
///
/// ```
/// use downhill_optim::{Optimizer, SignSgd};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([5.0_f64, -0.25]);
/// let mut opt = Optimizer::new(SignSgd { lr: 0.5, ..SignSgd::default() });
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(w, Tensor::from([4.5, 0.25]));
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct SignSgd {
    /// The learning rate η.
    #[options(default = 1e-4)]
    pub lr: f64,
    /// The decay rate of the running mean of gradients, β; 0 for the sign of the gradient itself, 0.9 for Signum.
    pub momentum: f64,
    /// The weight decay λ, decoupled.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for SignSgd {
    fields!(SignSgd, momentum = momentum, keeps = [], sometimes = ["exp_avg"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("SignSgd", &[("lr", self.lr), ("weight_decay", self.weight_decay)])?;
        fraction("SignSgd", &[("momentum", self.momentum)])
    }
}

impl<F: Float> ParamRule<F> for SignSgd {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let [lr, kept] = [self.lr, 1.0 - self.lr * self.weight_decay].map(F::from_f64);
        let [beta, new] = [self.momentum, 1.0 - self.momentum].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        if self.momentum == 0.0 {
            return param.each([], move |p, g, []| (kept * p - lr * signum(sign * g), []));
        }
        // Flush only subnormal means: however small, a mean has a sign.
        param.each_cutting([("exp_avg", cut::subnormal())], move |p, g, [m]| {
            let m = beta * m + new * (sign * g);
            (kept * p - lr * signum(m), [m])
        });
    }
}

compiled!(fn(&SignSgd, &mut ParamUpdate<'_, F>) = <SignSgd as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused, remembered};

    #[test]
    fn values_by_hand() {
        // From (1, 1) both decrease by η five times.
        expect(SignSgd { lr: 0.125, ..SignSgd::default() }, 5, [0.375, 0.375]);
        // Past 0 after the second step, g changes sign, but the mean does not yet.
        // y: 1, 0.4, -0.2; g = 10, 4, -2: m = 5, 4.5, 1.25, so on to -0.8.
        let signum = SignSgd { lr: 0.6, momentum: 0.5, ..SignSgd::default() };
        expect(signum, 3, [-0.8, -0.8]);
        let decayed = SignSgd { lr: 0.5, weight_decay: 0.5, ..SignSgd::default() };
        expect(decayed, 1, [0.25, 0.25]);
    }

    /// m = 0.25·4 = 1, then 0.75·1 - 0.25·1 = 0.5. Weight decay applies to the parameter alone: p = 0.75·1 - 0.5 =
    /// 0.25, then 0.75·0.25 - 0.5 = -0.3125.
    #[test]
    fn momentum_and_weight_decay_by_hand() {
        let rule = SignSgd { lr: 0.5, momentum: 0.75, weight_decay: 0.5, ..SignSgd::default() };
        let [m, p] = remembered(rule, "exp_avg", &[[4.0, 4.0], [-1.0, -1.0]]);
        assert_eq!((m, p), (vec![0.5; 2], vec![-0.3125; 2]));
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = SignSgd { momentum: 1.0, ..SignSgd::default() };
        refused(rule, "SignSgd: momentum must be in [0, 1), got 1");
    }
}
