//! One step of [`Lbfgs`]: iterations, each along a new direction.

use downhill_tensor::Float;

use super::history::{advance, remember};
use super::line_search::{Line, strong_wolfe};
use super::{Lbfgs, LineSearch};
use crate::kernels::dot;
use crate::rule::JointRule;
use crate::state::ParamState;

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

/// The largest absolute value.
fn largest<F: Float>(x: &[F]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().as_f64().max(largest))
}
