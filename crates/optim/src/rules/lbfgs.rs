//! L-BFGS: a quasi-Newton method.

mod history;
mod line_search;
mod minimize;

use downhill_tensor::Float;

use crate::options::{OptionError, non_negative, require};
use crate::state::ParamState;
use crate::{Options, Rule, RuleKind};

/// L-BFGS: Newton's method with the inverse Hessian estimated from the last steps.
///
/// All parameters move together along `d = -H·g`, where `H` follows from the last `history_size` pairs of
/// `s = pₖ₊₁ - pₖ` and `y = gₖ₊₁ - gₖ` (the two-loop recursion), and the step along `d` is η or found by a line search. It
/// evaluates the loss itself, up to `max_eval` times in a step:
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
/// **What is not finite.** A trial whose loss or slope is NaN or infinite is one that went too far, and the next goes a tenth of the
/// way; if nothing is found the parameters stay, and what is known of the curvature is forgotten. If the loss or its
/// gradient is not finite where a step *starts*, nothing is done at all, and what is returned is not finite either: the loss, or NaN
/// if only the gradient is at fault. So `loss.is_finite()` says whether a step could be made. Without a line search the last
/// of `max_iter` steps is not evaluated, as in PyTorch: if that one went too far, the next call returns it.
///
/// For smooth functions whose gradient is exact: with mini-batches the pairs are mostly noise. Without a line search a
/// step can go up as well as down; use `StrongWolfe`.
///
/// Nocedal and Wright, *Numerical optimization*, 2006, algorithms 7.4, 3.5 and 3.6; Liu and Nocedal, 1989. As in
/// PyTorch, after Schmidt's minFunc: the first trial step is `min(1, 1/‖g‖₁)·η`, and pairs with `yᵀs ≤ 1e-10` are left
/// out.
#[derive(Clone, Debug, PartialEq, Options)]
pub struct Lbfgs {
    /// The learning rate η: the step along the direction, or the first trial of the line search.
    #[options(default = 1.0)]
    pub lr: f64,
    /// The most iterations in one step of the optimizer.
    #[options(default = 20)]
    pub max_iter: u64,
    /// The most evaluations in one step of the optimizer; `None` for 5/4 of `max_iter`.
    pub max_eval: Option<u64>,
    /// Stop when no element of the gradient is larger.
    #[options(default = 1e-7)]
    pub tolerance_grad: f64,
    /// Stop when neither a parameter nor the loss changes by more.
    #[options(default = 1e-9)]
    pub tolerance_change: f64,
    /// How many pairs are kept.
    #[options(default = 100)]
    pub history_size: u64,
    /// How the step along the direction is found.
    pub line_search: LineSearch,
    /// Maximize the objective instead of minimizing it.
    pub maximize: bool,
}

/// How [`Lbfgs`] finds the step along its direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum LineSearch {
    /// The learning rate is the step.
    #[default]
    None,
    /// A step that satisfies the strong Wolfe conditions: enough decrease, and a slope at most 0.9 times as steep.
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
