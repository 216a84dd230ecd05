//! Descent along the running mean of the gradients.

use downhill_tensor::{Float, compiled};

use super::{fields, sign};
use crate::kernels::cut;
use crate::options::{OptionError, fraction, non_negative};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Descent along a running mean of the gradients.
///
/// ```text
/// m = β·m + (1 - β)·g
/// p = p - η·m
/// ```
///
/// (The paper, how it differs from its relatives, and a doctest of a few lines.)
#[derive(Clone, Debug, PartialEq, Options)]
pub struct EmaSgd {
    /// The learning rate η.
    #[options(default = 1e-3)]
    pub lr: f64,
    /// How much of the mean is kept, β.
    #[options(default = 0.9)]
    pub momentum: f64,
    /// Go uphill.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for EmaSgd {
    // The rate, the momentum that cyclic schedules vary, and the buffers that it keeps: what a file may hold.
    fields!(EmaSgd, momentum = momentum, keeps = ["exp_avg"]);

    fn check(&self) -> Result<(), OptionError> {
        non_negative("EmaSgd", &[("lr", self.lr)])?;
        fraction("EmaSgd", &[("momentum", self.momentum)])
    }
}

impl<F: Float> ParamRule<F> for EmaSgd {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let lr = F::from_f64(self.lr);
        // Differences are taken in f64 and rounded once.
        let [beta, new] = [self.momentum, 1.0 - self.momentum].map(F::from_f64);
        let sign = sign::<F>(self.maximize);
        // `move`: constants behind references would keep the loop from being vectorized.
        param.each_cutting([("exp_avg", cut::mean(lr))], move |p, g, [m]| {
            let m = beta * m + new * (sign * g);
            (p - lr * m, [m])
        });
    }
}

compiled!(fn(&EmaSgd, &mut ParamUpdate<'_, F>) = <EmaSgd as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reference::{expect, refused};

    /// The gradient of (x² + 10·y²)/2 at (1, 1) is (1, 10): m = (0.5, 5), p = (0.9375, 0.375). Then g = (0.9375, 3.75), m = (0.71875,
    /// 4.375).
    #[test]
    fn values_by_hand() {
        let rule = EmaSgd { lr: 0.125, momentum: 0.5, ..EmaSgd::default() };
        expect(rule, 2, [0.84765625, -0.171875]);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = EmaSgd { momentum: 1.0, ..EmaSgd::default() };
        refused(rule, "EmaSgd: momentum must be in [0, 1), got 1");
    }
}
