//! L-BFGS: a quasi-Newton method.

mod history;
mod line_search;
mod minimize;

use downhill_tensor::Float;

use crate::options::{OptionError, non_negative, require};
use crate::state::ParamState;
use crate::{Options, Rule, RuleKind};

/// L-BFGS: a quasi-Newton method that estimates the inverse Hessian `H` from the last steps.
///
/// ```text
/// d = -H·g
/// p = p + t·d
/// ```
///
/// All parameters are updated jointly. The two-loop recursion computes `H·g` from the last `history_size` pairs of
/// `s = pₖ₊₁ - pₖ` and `y = gₖ₊₁ - gₖ`; the step size `t` is η or found by a line search. The rule evaluates the loss
/// itself, up to `max_eval` times per step:
///
/// ```
/// use downhill_optim::{Lbfgs, LineSearch, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::param([3.0_f64, -20.0]);
/// let mut opt = Optimizer::new(Lbfgs { line_search: LineSearch::StrongWolfe, ..Lbfgs::default() });
/// let before = opt.step_with(&mut w, |w| (w * w * Tensor::from([1.0, 10.0])).sum());
/// assert_eq!(before, 9.0 + 4000.0);
/// assert!(w.square().sum().item() < 1e-12);
/// ```
///
/// Meant for smooth functions with exact gradients: with mini-batches the pairs are mostly noise. Without a line search
/// a step may increase the loss; use `StrongWolfe`.
///
/// **NaN and infinity.** A trial whose loss or slope is not finite went too far, and the next one goes a tenth of the
/// way; if none succeeds, the parameters stay unchanged and the curvature history is cleared. If the loss or its
/// gradient is not finite where a step *starts*, nothing changes, and the returned loss is not finite either: NaN if
/// only the gradient is not. So `loss.is_finite()` tells whether a step was possible. Without a line search the last of
/// `max_iter` steps is not evaluated, as in PyTorch: if it went too far, the loss that the next call returns shows it.
///
/// Nocedal and Wright, *Numerical optimization*, 2006, algorithms 7.4, 3.5 and 3.6; Liu and Nocedal, 1989. As in
/// PyTorch, after Schmidt's minFunc: the first trial step size is `min(1, 1/‖g‖₁)·η`, and pairs with `yᵀs ≤ 1e-10` are
/// skipped.
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Lbfgs {
    /// The learning rate η: the step size along `d`, or the first trial of the line search.
    #[options(default = 1.0)]
    pub lr: f64,
    /// The maximum number of iterations per optimizer step.
    #[options(default = 20)]
    pub max_iter: u64,
    /// The maximum number of loss evaluations per optimizer step; `None` for 5/4 of `max_iter`.
    pub max_eval: Option<u64>,
    /// Stop when no element of the gradient is larger in absolute value.
    #[options(default = 1e-7)]
    pub tolerance_grad: f64,
    /// Stop when no parameter changes by more than this, or the loss by less.
    #[options(default = 1e-9)]
    pub tolerance_change: f64,
    /// The number of pairs `s`, `y` that are kept.
    #[options(default = 100)]
    pub history_size: u64,
    /// How the step size along the direction is found.
    pub line_search: LineSearch,
    /// Maximize the objective instead of minimizing it.
    pub maximize: bool,
}

/// How [`Lbfgs`] finds the step size along its direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum LineSearch {
    /// No search: the step size is the learning rate.
    #[default]
    None,
    /// A step size that satisfies the strong Wolfe conditions: sufficient decrease, and a slope at most 0.9 times as
    /// steep as at the start.
    StrongWolfe,
}

impl<F: Float> Rule<F> for Lbfgs {
    fn kind(&self) -> RuleKind<'_, F> {
        RuleKind::Joint(self)
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        history::check(shape.iter().product(), state)
    }

    fn check(&self) -> Result<(), OptionError> {
        let tolerances = [("tolerance_grad", self.tolerance_grad), ("tolerance_change", self.tolerance_change)];
        non_negative("Lbfgs", &[("lr", self.lr), tolerances[0], tolerances[1]])?;
        require(self.history_size > 0, "Lbfgs", "history_size", "above 0", self.history_size)
    }
}
