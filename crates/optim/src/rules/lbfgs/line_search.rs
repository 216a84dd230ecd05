//! The strong Wolfe line search of [`Lbfgs`](crate::Lbfgs).
//!
//! Nocedal and Wright, *Numerical optimization*, 2006, algorithms 3.5 and 3.6, with the safeguards of Schmidt's
//! minFunc, as in PyTorch. Unlike in PyTorch, a trial with a non-finite loss or slope counts as too far (PyTorch takes
//! NaN for progress, since it is not greater than anything).

use downhill_tensor::Float;

use crate::kernels::dot;

/// Sufficient decrease: the loss falls by at least `C1` times what the initial slope predicts.
const C1: f64 = 1e-4;
/// The curvature condition: the slope is at most `C2` times as steep as at the start.
const C2: f64 = 0.9;
/// The factor by which a step to a non-finite point shrinks. With a tenth, 25 trials reach finite points from anywhere.
pub(super) const SHRINK: f64 = 0.1;

/// The ray to search: `start + t·direction` for t ≥ 0.
pub(crate) struct Line<'a, F> {
    pub(crate) start: &'a [F],
    pub(crate) direction: &'a [F],
    /// Writes the gradient at a point and returns the loss there.
    pub(crate) evaluate: &'a mut dyn FnMut(&[F], &mut [F]) -> f64,
}

/// A point on the line.
#[derive(Clone)]
struct Trial<F> {
    t: f64,
    loss: f64,
    gradient: Vec<F>,
    slope: f64,
}

/// The result of the search.
pub(crate) struct Found<F> {
    pub(crate) t: f64,
    pub(crate) loss: f64,
    pub(crate) gradient: Vec<F>,
    pub(crate) evaluations: u64,
    /// Whether the search ended at the start because no trial was finite and lower.
    pub(crate) lost: bool,
}

impl<F> Trial<F> {
    /// Whether loss and slope are finite. (A non-finite gradient has a non-finite slope.)
    fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.slope.is_finite()
    }

    /// The loss, or infinity if the trial is not finite, even where the loss is `-∞`.
    fn height(&self) -> f64 {
        if self.is_finite() { self.loss } else { f64::INFINITY }
    }
}

impl<F: Float> Line<'_, F> {
    fn at(&mut self, t: f64) -> Trial<F> {
        let step = F::from_f64(t);
        let point: Vec<F> = self.start.iter().zip(self.direction).map(|(&x, &d)| x + step * d).collect();
        let mut gradient = vec![F::zero(); point.len()];
        let loss = (self.evaluate)(&point, &mut gradient);
        let slope = dot(&gradient, self.direction);
        Trial { t, loss, gradient, slope }
    }
}

/// A step size that satisfies the strong Wolfe conditions, or the best of `max_trials`. The first trial is `t`; `loss`,
/// `gradient` and `slope` are those at 0.
pub(crate) fn strong_wolfe<F: Float>(
    line: &mut Line<'_, F>,
    t: f64,
    loss: f64,
    gradient: &[F],
    slope: f64,
    tolerance_change: f64,
    max_trials: u64,
) -> Found<F> {
    let too_high = |trial: &Trial<F>| !trial.is_finite() || trial.loss > loss + C1 * trial.t * slope;
    let flat_enough = |trial: &Trial<F>| trial.slope.abs() <= -C2 * slope;
    let start = Trial { t: 0.0, loss, gradient: gradient.to_vec(), slope };
    let reach = line.direction.iter().fold(0.0_f64, |reach, d| reach.max(d.abs().as_f64()));

    // Bracketing: extrapolate until a step that satisfies the conditions lies between two trials.
    let mut last = start.clone();
    let mut here = line.at(t);
    // The first trial does not count towards `max_trials`.
    let (mut trials, mut done) = (0, false);
    let mut bracket = loop {
        if trials == max_trials {
            break [start, here];
        }
        // Past a minimum. As in PyTorch, the second trial may be higher than the first.
        if too_high(&here) || trials > 1 && here.loss >= last.loss {
            break [last, here];
        }
        if flat_enough(&here) {
            done = true;
            break [here.clone(), here];
        }
        // The slope has turned: the minimum is between the two trials.
        if here.slope >= 0.0 {
            break [last, here];
        }
        // Still descending: the next trial is at most ten times as far.
        let bounds = (here.t + 0.01 * (here.t - last.t), here.t * 10.0);
        let next = line.at(cubic_minimum(&last, &here, bounds));
        trials += 1;
        last = std::mem::replace(&mut here, next);
    };

    // Zoom: shrink the bracket. `low` is the end with the lower loss.
    let mut low = lower(&bracket);
    let mut all_finite = bracket.iter().all(Trial::is_finite);
    let mut slow_before = false;
    while !done && trials < max_trials {
        let (left, right) = (bracket[0].t.min(bracket[1].t), bracket[0].t.max(bracket[1].t));
        if (right - left) * reach < tolerance_change {
            break;
        }
        let known = bracket.iter().all(Trial::is_finite);
        let mut t = if known {
            cubic_minimum(&bracket[0], &bracket[1], (left, right))
        } else {
            // The far end is not finite, so there is nothing to interpolate.
            bracket[low].t + SHRINK * (bracket[1 - low].t - bracket[low].t)
        };
        // At an end of the bracket, or close to one twice in a row: move a tenth of the bracket away from it.
        let margin = 0.1 * (right - left);
        let slow = known && (right - t).min(t - left) < margin;
        if slow && (slow_before || t >= right || t <= left) {
            t = if (t - right).abs() < (t - left).abs() { right - margin } else { left + margin };
            slow_before = false;
        } else {
            slow_before = slow;
        }
        let here = line.at(t);
        trials += 1;
        all_finite &= here.is_finite();
        if too_high(&here) || here.loss >= bracket[low].loss {
            // No progress: the trial replaces the higher end.
            bracket[1 - low] = here;
            low = lower(&bracket);
        } else {
            if flat_enough(&here) {
                done = true;
            } else if here.slope * (bracket[1 - low].t - bracket[low].t) >= 0.0 {
                // The loss rises towards the other end, so the minimum is on the side of the old lower end.
                bracket[1 - low] = bracket[low].clone();
            }
            bracket[low] = here;
        }
    }
    let [a, b] = bracket;
    let Trial { t, loss, gradient, .. } = if low == 0 { a } else { b };
    Found { t, loss, gradient, evaluations: 1 + trials, lost: t == 0.0 && !all_finite }
}

/// The step size `t`, shrunk until loss and slope are finite. `loss` and `gradient` are those at 0, which is the result
/// if none of `max_trials` is finite.
pub(crate) fn first_finite<F: Float>(
    line: &mut Line<'_, F>,
    t: f64,
    loss: f64,
    gradient: &[F],
    max_trials: u64,
) -> Found<F> {
    let mut t = t;
    for evaluations in 1..=max_trials {
        let here = line.at(t);
        if here.is_finite() {
            return Found { t, loss: here.loss, gradient: here.gradient, evaluations, lost: false };
        }
        t *= SHRINK;
    }
    Found { t: 0.0, loss, gradient: gradient.to_vec(), evaluations: max_trials, lost: true }
}

/// The index of the end with the lower loss.
fn lower<F>(bracket: &[Trial<F>; 2]) -> usize {
    if bracket[0].height() <= bracket[1].height() { 0 } else { 1 }
}

/// The minimum of the cubic through two points with their slopes, clamped to bounds; their middle if it has none.
fn cubic_minimum<F>(a: &Trial<F>, b: &Trial<F>, (low, high): (f64, f64)) -> f64 {
    // Nocedal and Wright, equation 3.59.
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square < 0.0 || square.is_nan() {
        return (low + high) / 2.0;
    }
    let (left, right) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d2 = square.sqrt();
    let t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2.0 * d2));
    t.max(low).min(high)
}

#[cfg(test)]
mod tests;
