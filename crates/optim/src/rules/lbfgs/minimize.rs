//! One optimizer step of [`Lbfgs`]: several iterations, each along a new direction.

use downhill_tensor::Float;

use super::history::{advance, forget, remember};
use super::line_search::{Line, first_finite, strong_wolfe};
use super::{Lbfgs, LineSearch};
use crate::kernels::dot;
use crate::rule::JointRule;
use crate::state::ParamState;

impl<F: Float> JointRule<F> for Lbfgs {
    fn minimize(&self, x: &mut [F], state: &mut ParamState<F>, evaluate: &mut dyn FnMut(&[F], &mut [F]) -> F) -> F {
        // To maximize is to minimize the negated loss.
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
        if !loss.is_finite() || g.iter().any(|g| !g.is_finite()) {
            // No descent direction can be computed here.
            return if loss.is_finite() { F::nan() } else { before };
        }
        let max_eval = self.max_eval.unwrap_or(self.max_iter.saturating_add(self.max_iter / 4));
        let mut evaluations = 1;
        let flat = |g: &[F]| largest(g) <= self.tolerance_grad;
        if flat(&g) {
            return before;
        }
        for iteration in 1..=self.max_iter {
            let mut first = *state.number("n_iter", 0.0) == 0.0;
            let mut d = if first { opposite(&g) } else { self.direction(&g, state) };
            let mut slope = dot(&g, &d);
            // The recursion overflowed: restart with steepest descent.
            if !first && !slope.is_finite() {
                forget(state);
                (first, d) = (true, opposite(&g));
                slope = dot(&g, &d);
            }
            *state.number("n_iter", 0.0) += 1.0;
            // Steepest descent suggests no step size: scale the first trial by min(1, 1/‖g‖₁), as in PyTorch.
            let reach = 1.0 / g.iter().map(|g| g.abs().as_f64()).sum::<f64>();
            let mut t = if first { reach.min(1.0) * self.lr } else { self.lr };
            remember(state, &g, &d, t);
            // Not a descent direction, or too flat.
            if slope > -self.tolerance_change {
                break;
            }
            let loss_before = loss;
            let found = match self.line_search {
                LineSearch::StrongWolfe => {
                    let mut line = Line { start: x, direction: &d, evaluate: &mut downhill };
                    let trials = (max_eval.saturating_sub(evaluations)).min(25);
                    Some(strong_wolfe(&mut line, t, loss, &g, slope, self.tolerance_change, trials))
                }
                // As in PyTorch, the last step is not evaluated.
                LineSearch::None if iteration == self.max_iter => None,
                LineSearch::None => {
                    let mut line = Line { start: x, direction: &d, evaluate: &mut downhill };
                    let trials = max_eval.saturating_sub(evaluations).clamp(1, 25);
                    Some(first_finite(&mut line, t, loss, &g, trials))
                }
            };
            if let Some(found) = found {
                evaluations += found.evaluations;
                (t, loss, g) = (found.t, found.loss, found.gradient);
                *state.number("t", 0.0) = t;
                // No trial succeeded: clear the history that led to this direction.
                if found.lost {
                    forget(state);
                }
            }
            advance(x, &d, t);
            let still =
                largest(&d) * t.abs() <= self.tolerance_change || (loss - loss_before).abs() < self.tolerance_change;
            if evaluations >= max_eval || flat(&g) || still {
                break;
            }
        }
        before
    }
}

fn opposite<F: Float>(g: &[F]) -> Vec<F> {
    g.iter().map(|&g| -g).collect()
}

/// The largest absolute value.
fn largest<F: Float>(x: &[F]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().as_f64().max(largest))
}
