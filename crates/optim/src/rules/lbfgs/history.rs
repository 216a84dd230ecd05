//! The curvature history of [`Lbfgs`]: the last pairs of steps and gradient changes.

use downhill_tensor::Float;

use super::Lbfgs;
use crate::kernels::dot;
use crate::scheduler::LAST;
use crate::state::{Kept, ParamState};

impl Lbfgs {
    /// `-H·g` by the two-loop recursion, after adding the last step to the history.
    pub(super) fn direction<F: Float>(&self, g: &[F], state: &mut ParamState<F>) -> Vec<F> {
        let n = g.len();
        let t = F::from_f64(*state.number("t", 0.0));
        // The new pair: y = gₖ₊₁ - gₖ, s = t·d.
        let y: Vec<F> = g.iter().zip(&*state.list("prev_flat_grad")).map(|(&new, &old)| new - old).collect();
        let s: Vec<F> = state.list("d").iter().map(|&d| d * t).collect();
        let ys = dot(&y, &s);
        let yy = dot(&y, &y);
        // Skip a pair without positive curvature, which would make H indefinite, and one whose products overflowed.
        if ys > 1e-10 && ys.is_finite() && yy.is_finite() {
            while (state.list("old_dirs").len() / n) as u64 >= self.history_size {
                state.list("old_dirs").drain(..n);
                state.list("old_stps").drain(..n);
            }
            *state.number("H_diag", 1.0) = ys / yy;
            // PyTorch's names: "old_dirs" has the y, "old_stps" the s.
            state.list("old_dirs").extend(y);
            state.list("old_stps").extend(s);
        }
        let scale = F::from_f64(*state.number("H_diag", 1.0));
        let [ys, ss] = state.buffers_mut([("old_dirs", 0), ("old_stps", 0)]);
        let pairs: Vec<(&[F], &[F], f64)> =
            ys.chunks_exact(n).zip(ss.chunks_exact(n)).map(|(y, s)| (y, s, 1.0 / dot(y, s))).collect();
        // First loop: from the newest pair to the oldest.
        let mut d: Vec<F> = g.iter().map(|&g| -g).collect();
        let mut weights = Vec::with_capacity(pairs.len());
        for &(y, s, rho) in pairs.iter().rev() {
            let weight = dot(s, &d) * rho;
            advance(&mut d, y, -weight);
            weights.push(weight);
        }
        // The initial inverse Hessian, yᵀs/yᵀy times the identity.
        d.iter_mut().for_each(|d| *d *= scale);
        // Second loop: from the oldest pair to the newest.
        for (&(y, s, rho), weight) in pairs.iter().zip(weights.iter().rev()) {
            let correction = weight - dot(y, &d) * rho;
            advance(&mut d, s, correction);
        }
        d
    }
}

/// An error unless `state` is a valid state of L-BFGS for `n` elements: as many steps as gradient changes, each pair
/// with positive curvature, and every element finite.
pub(super) fn check<F: Float>(n: usize, state: &ParamState<F>) -> Result<(), String> {
    let of = |name| state.buffer(name).unwrap_or_default();
    let [ys, ss] = ["old_dirs", "old_stps"].map(of);
    let iterations = state.numbers().find(|(name, _)| *name == "n_iter").map_or(0.0, |(_, number)| number);
    // Before the first iteration, and after the history was cleared, the last gradient and direction are not used.
    let last = if iterations == 0.0 { of("d").len() } else { n };
    let pairs = [("old_dirs", ys.len()), ("old_stps", ys.len())];
    let sometimes = &[("prev_flat_grad", last), ("d", last), pairs[0], pairs[1]];
    for (name, buffer) in state.buffers() {
        if let Some(x) = buffer.iter().find(|x| !x.is_finite()) {
            return Err(format!("buffer {name} contains {x}, but every element must be finite"));
        }
    }
    let bounds = [("n_iter", 0.0..=LAST as f64), ("t", 0.0..=f64::MAX), ("H_diag", f64::MIN_POSITIVE..=f64::MAX)];
    let there = bounds.into_iter().filter(|(name, _)| state.numbers().any(|(known, _)| known == *name));
    let numbers = &there.collect::<Vec<_>>();
    let always = if iterations == 0.0 { &[][..] } else { &sometimes[..2] };
    state.check("Lbfgs", &Kept { always, sometimes, numbers })?;
    if iterations.fract() != 0.0 {
        return Err(format!("n_iter is {iterations}, expected an integer"));
    }
    if ys.len() % n.max(1) != 0 || n == 0 && !ys.is_empty() {
        return Err(format!("buffer old_dirs has {} elements, expected a multiple of {n}", ys.len()));
    }
    let mut pairs = ys.chunks_exact(n.max(1)).zip(ss.chunks_exact(n.max(1)));
    match pairs.position(|(y, s)| !(dot(y, s) > 0.0 && dot(y, s).is_finite() && dot(y, y).is_finite())) {
        Some(at) => Err(format!("pair {at} of old_dirs and old_stps has no positive, finite curvature")),
        None => Ok(()),
    }
}

/// Clears the history: the next direction is the negative gradient, as in the very first iteration.
pub(super) fn forget<F: Float>(state: &mut ParamState<F>) {
    for name in ["old_dirs", "old_stps"] {
        state.list(name).clear();
    }
    for (name, start) in [("n_iter", 0.0), ("H_diag", 1.0)] {
        *state.number(name, start) = start;
    }
}

/// Stores what the next iteration needs to form a pair.
pub(super) fn remember<F: Float>(state: &mut ParamState<F>, g: &[F], d: &[F], t: f64) {
    for (name, value) in [("prev_flat_grad", g), ("d", d)] {
        let kept = state.list(name);
        kept.clear();
        kept.extend_from_slice(value);
    }
    *state.number("t", 0.0) = t;
}

/// `x = x + t·d`, in place.
pub(super) fn advance<F: Float>(x: &mut [F], d: &[F], t: f64) {
    let t = F::from_f64(t);
    x.iter_mut().zip(d).for_each(|(x, &d)| *x += t * d);
}
