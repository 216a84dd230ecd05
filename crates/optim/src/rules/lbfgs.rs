//! L-BFGS: a quasi-Newton method.

use downhill_tensor::Float;

use super::fields;
use crate::kernels::dot;
use crate::line_search::{Line, strong_wolfe};
use crate::options::{OptionError, named_option, non_negative, require};
use crate::rule::JointRule;
use crate::state::ParamState;
use crate::{ParamUpdate, Rule};

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
/// For smooth functions whose gradient is exact: with mini-batches the pairs are mostly noise. Without a line search a
/// step can go up as well as down; use `StrongWolfe`.
///
/// Nocedal and Wright, *Numerical optimization*, 2006, algorithms 7.4, 3.5 and 3.6; Liu and Nocedal, 1989. As in
/// PyTorch, after Schmidt's minFunc: the first trial step is `min(1, 1/‖g‖₁)·η`, and pairs with `yᵀs ≤ 1e-10` are left
/// out.
#[derive(Clone, Debug, PartialEq)]
pub struct Lbfgs {
    /// The learning rate η: the step along the direction, or the first trial of the line search.
    pub lr: f64,
    /// The most iterations in one step of the optimiser.
    pub max_iter: u64,
    /// The most evaluations in one step of the optimiser; `None` for 5/4 of `max_iter`.
    pub max_eval: Option<u64>,
    /// Stop when no element of the gradient is larger.
    pub tolerance_grad: f64,
    /// Stop when neither a parameter nor the loss changes by more.
    pub tolerance_change: f64,
    /// How many pairs are kept.
    pub history_size: u64,
    /// How the step along the direction is found.
    pub line_search: LineSearch,
    /// Go uphill.
    pub maximize: bool,
}

/// How [`Lbfgs`] finds the step along its direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineSearch {
    /// The learning rate is the step.
    #[default]
    None,
    /// A step that satisfies the strong Wolfe conditions: enough decrease, and a slope at most 0.9 times as steep.
    StrongWolfe,
}

named_option!(LineSearch { None = "none", StrongWolfe = "strong_wolfe" });

impl Default for Lbfgs {
    fn default() -> Self {
        Lbfgs {
            lr: 1.0,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search: LineSearch::None,
            maximize: false,
        }
    }
}

impl<F: Float> Rule<F> for Lbfgs {
    fields!(Lbfgs {
        lr,
        max_iter,
        max_eval,
        tolerance_grad,
        tolerance_change,
        history_size,
        line_search,
        maximize
    });

    fn check(&self) -> Result<(), OptionError> {
        let tolerances = [("tolerance_grad", self.tolerance_grad), ("tolerance_change", self.tolerance_change)];
        non_negative("Lbfgs", &[("lr", self.lr), tolerances[0], tolerances[1]])?;
        require(self.history_size > 0, "Lbfgs", "history_size", "above 0", self.history_size)
    }

    fn update(&self, _param: &mut ParamUpdate<'_, F>) {
        panic!("Lbfgs moves all parameters together; use `step_with`");
    }

    fn as_joint(&self) -> Option<&dyn JointRule<F>> {
        Some(self)
    }
}

impl<F: Float> JointRule<F> for Lbfgs {
    fn minimize(&self, x: &mut [F], state: &mut ParamState<F>, evaluate: &mut dyn FnMut(&[F], &mut [F]) -> F) -> F {
        let mut downhill = |x: &[F], g: &mut [F]| {
            let loss = evaluate(x, g);
            if self.maximize {
                g.iter_mut().for_each(|g| *g = -*g);
            }
            if self.maximize { -loss.as_f64() } else { loss.as_f64() }
        };
        let mut g = vec![F::zero(); x.len()];
        let mut loss = downhill(x, &mut g);
        let before = F::from_f64(if self.maximize { -loss } else { loss });
        let max_eval = self.max_eval.unwrap_or(self.max_iter * 5 / 4);
        let mut evaluations = 1;
        let flat = |g: &[F]| largest(g) <= self.tolerance_grad;
        if flat(&g) {
            return before;
        }
        for iteration in 1..=self.max_iter {
            let first = *state.number("n_iter", 0.0) == 0.0;
            *state.number("n_iter", 0.0) += 1.0;
            let d = if first { g.iter().map(|&g| -g).collect() } else { self.direction(&g, state) };
            let slope = dot(&g, &d);
            let reach = 1.0 / g.iter().map(|g| g.abs().as_f64()).sum::<f64>();
            let mut t = if first { reach.min(1.0) * self.lr } else { self.lr };
            remember(state, &g, &d, t);
            if slope > -self.tolerance_change {
                break;
            }
            let loss_before = loss;
            match self.line_search {
                LineSearch::StrongWolfe => {
                    let mut line = Line { start: x, direction: &d, evaluate: &mut downhill };
                    let trials = (max_eval.saturating_sub(evaluations)).min(25);
                    let found = strong_wolfe(&mut line, t, loss, &g, slope, self.tolerance_change, trials);
                    evaluations += found.evaluations;
                    (t, loss, g) = (found.t, found.loss, found.gradient);
                    advance(x, &d, t);
                    *state.number("t", 0.0) = t;
                }
                LineSearch::None => {
                    advance(x, &d, t);
                    if iteration != self.max_iter {
                        loss = downhill(x, &mut g);
                        evaluations += 1;
                    }
                }
            }
            let still = largest(&d) * t.abs() <= self.tolerance_change
                || (loss - loss_before).abs() < self.tolerance_change;
            if evaluations >= max_eval || flat(&g) || still {
                break;
            }
        }
        before
    }
}

impl Lbfgs {
    /// `-H·g` by the two-loop recursion, after taking the last step into the history.
    fn direction<F: Float>(&self, g: &[F], state: &mut ParamState<F>) -> Vec<F> {
        let n = g.len();
        let t = F::from_f64(*state.number("t", 0.0));
        let y: Vec<F> = g.iter().zip(&*state.list("prev_flat_grad")).map(|(&new, &old)| new - old).collect();
        let s: Vec<F> = state.list("d").iter().map(|&d| d * t).collect();
        let ys = dot(&y, &s);
        if ys > 1e-10 {
            if state.list("old_dirs").len() == n * self.history_size as usize {
                state.list("old_dirs").drain(..n);
                state.list("old_stps").drain(..n);
            }
            *state.number("H_diag", 1.0) = ys / dot(&y, &y);
            state.list("old_dirs").extend(y);
            state.list("old_stps").extend(s);
        }
        let scale = F::from_f64(*state.number("H_diag", 1.0));
        let [ys, ss] = state.buffers_mut([("old_dirs", 0), ("old_stps", 0)]);
        let pairs: Vec<(&[F], &[F], f64)> =
            ys.chunks_exact(n).zip(ss.chunks_exact(n)).map(|(y, s)| (y, s, 1.0 / dot(y, s))).collect();
        let mut d: Vec<F> = g.iter().map(|&g| -g).collect();
        let mut weights = Vec::with_capacity(pairs.len());
        for &(y, s, rho) in pairs.iter().rev() {
            let weight = dot(s, &d) * rho;
            advance(&mut d, y, -weight);
            weights.push(weight);
        }
        d.iter_mut().for_each(|d| *d *= scale);
        for (&(y, s, rho), weight) in pairs.iter().zip(weights.iter().rev()) {
            let correction = weight - dot(y, &d) * rho;
            advance(&mut d, s, correction);
        }
        d
    }
}

fn remember<F: Float>(state: &mut ParamState<F>, g: &[F], d: &[F], t: f64) {
    for (name, value) in [("prev_flat_grad", g), ("d", d)] {
        let kept = state.list(name);
        kept.clear();
        kept.extend_from_slice(value);
    }
    *state.number("t", 0.0) = t;
}

/// The largest absolute value.
fn largest<F: Float>(x: &[F]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().as_f64().max(largest))
}

/// `x + t·d`.
pub(crate) fn advance<F: Float>(x: &mut [F], d: &[F], t: f64) {
    let t = F::from_f64(t);
    x.iter_mut().zip(d).for_each(|(x, &d)| *x += t * d);
}
