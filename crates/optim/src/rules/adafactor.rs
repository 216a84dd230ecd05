//! Adafactor: Adam's scaling, factored into row and column means.

use downhill_tensor::{Float, compiled};

use super::{epsilon, fields, sign};
use crate::kernels::{self, cut, norm, sum_squares};
use crate::options::{OptionError, non_negative, require};
use crate::state::{Kept, ParamState};
use crate::{Options, ParamRule, ParamUpdate, Rule};

/// Adafactor: factors the running mean of a matrix's squared gradients into row means and column means, so that the
/// state of an n×m matrix has n + m elements.
///
/// ```text
/// βₜ = 1 - t^κ,   α = max(ε₂, rms(p))·min(η, 1/√t)
/// p = p·(1 - η·λ)
/// matrices:   R = βₜ·R + (1 - βₜ)·rowmean(g²),   C = βₜ·C + (1 - βₜ)·colmean(g²),   V = R·C / max(mean(R), ε₁)
/// vectors:    V = βₜ·V + (1 - βₜ)·g²
/// u = g / √max(V, ε₁²)
/// p = p - α·u / max(1, rms(u)/d)
/// ```
///
/// The step size is relative to the parameter: the learning rate is the fraction of its root mean square by which a
/// step changes it. Tensors with more than two axes are stacks of matrices over the last two.
///
/// Shazeer and Stern, arXiv 1804.04235. As in PyTorch; the authors' version also has momentum, and the defaults of
/// optax and Hugging Face differ (no learning rate, ε₁ = 1e-30).
///
/// ```
/// use downhill_optim::{Adafactor, Optimizer};
/// use downhill_tensor::Tensor;
/// let mut w = Tensor::<f32>::param(Tensor::ones(&[300, 200]));
/// let mut opt = Optimizer::new(Adafactor::default());
/// let loss = w.square().sum();
/// opt.step(&mut w, &loss.backward());
/// assert_eq!(opt.state("").unwrap().len(), 300 + 200);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
#[options(eps(eps1, eps2))]
pub struct Adafactor {
    /// The learning rate η, the maximum relative step size.
    #[options(default = 1e-2)]
    pub lr: f64,
    /// The exponent κ with which the weight of new gradients decays.
    #[options(default = -0.8)]
    pub beta2_decay: f64,
    /// Keeps the denominators above 0, ε₁; `None` for the machine epsilon of the element type.
    pub eps1: Option<f64>,
    /// The lower bound of the parameter's root mean square in the step size, ε₂.
    #[options(default = 1e-3)]
    pub eps2: f64,
    /// The clipping threshold for the root mean square of `u`, d.
    #[options(default = 1.0)]
    pub d: f64,
    /// The weight decay λ, decoupled.
    pub weight_decay: f64,
    /// Maximize the objective instead of minimizing it; weight decay still shrinks the parameters.
    pub maximize: bool,
}

impl<F: Float> Rule<F> for Adafactor {
    fields!(Adafactor);

    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        if state.steps == 0 {
            return Ok(());
        }
        let len: usize = shape.iter().product();
        let always: &[_] = match shape {
            [.., _, _] if len == 0 => &[],
            [.., rows, columns] => &[("row_var", len / columns), ("col_var", len / rows)],
            _ => &[("variance", len)],
        };
        state.check("Adafactor", &Kept { always, ..Kept::default() })
    }

    fn check(&self) -> Result<(), OptionError> {
        let others = [("eps1", self.eps1.unwrap_or(0.0)), ("eps2", self.eps2), ("weight_decay", self.weight_decay)];
        non_negative("Adafactor", &[("lr", self.lr), others[0], others[1], others[2]])?;
        let falls = self.beta2_decay <= 0.0 && self.beta2_decay.is_finite();
        require(falls, "Adafactor", "beta2_decay", "≤ 0 and finite", self.beta2_decay)?;
        require(self.d != f64::INFINITY, "Adafactor", "d", "finite", self.d)?;
        require(self.d >= 1.0, "Adafactor", "d", "≥ 1", self.d)
    }
}

impl<F: Float> ParamRule<F> for Adafactor {
    #[inline(never)]
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        let t = param.t();
        let alpha = self.eps2.max(rms(param.param)) * self.lr.min(1.0 / t.sqrt());
        // 1 - βₜ, the weight of the new gradient.
        let new = param.power(t, self.beta2_decay);
        let eps1 = epsilon::<F>(self.eps1.unwrap_or(F::epsilon().as_f64()));

        estimate(param, new, eps1.as_f64());
        // √max(V, ε₁²) without squaring ε₁, which may underflow. Not with `max`, which would hide a NaN.
        let root = move |v: F| if v.sqrt() < eps1 { eps1 } else { v.sqrt() };
        kernels::update(param.scratch, param.grad, [], [], move |v, g, []| (g / root(v), []));
        // Clip the update to a root mean square of d; NaN passes.
        let excess = rms(param.scratch) / self.d;
        let excess = if excess < 1.0 { 1.0 } else { excess };

        let step = sign::<F>(self.maximize) * F::from_f64(alpha / excess);
        let kept = F::from_f64(1.0 - self.lr * self.weight_decay);
        kernels::update(param.param, param.scratch, [], [], move |p, u, []| (kept * p - step * u, []));
    }
}

/// The root mean square.
fn rms<F: Float>(x: &[F]) -> f64 {
    norm(x) / (x.len() as f64).sqrt()
}

/// Updates the running means with the squared gradient, weighted by `new`, and writes the estimate of the mean square,
/// V, to the scratch buffer.
fn estimate<F: Float>(param: &mut ParamUpdate<'_, F>, new: f64, eps1: f64) {
    let len = param.param.len();
    param.scratch.resize(len, F::zero());
    let [kept, weight] = [1.0 - new, new].map(F::from_f64);
    // Scalars and vectors are not factored.
    let &[.., rows, columns] = param.shape else {
        let [v] = param.state.buffers_mut([("variance", len)]);
        let cut = cut::square(new, eps1 * eps1);
        return kernels::update(param.scratch, param.grad, [v], [cut], move |_, g, [v]| {
            let v = kept * v + weight * g * g;
            (v, [v])
        });
    };
    if len == 0 {
        return;
    }
    // Every matrix of a stack has its own row and column means.
    let matrices = len / (rows * columns);
    let lengths = [("row_var", matrices * rows), ("col_var", matrices * columns)];
    let [row_means, column_means] = param.state.buffers_mut(lengths);
    let stack = param.grad.chunks_exact(rows * columns).zip(param.scratch.chunks_exact_mut(rows * columns));
    let means = row_means.chunks_exact_mut(rows).zip(column_means.chunks_exact_mut(columns));
    let share = weight / F::from_f64(rows as f64);
    for ((grad, v), (row_means, column_means)) in stack.zip(means) {
        // One pass over the gradient: each row gives its row mean and adds its share to every column mean.
        column_means.iter_mut().for_each(|mean| *mean *= kept);
        for (mean, row) in row_means.iter_mut().zip(grad.chunks_exact(columns)) {
            *mean = kept * *mean + weight * F::from_f64(sum_squares(row) / columns as f64);
            kernels::update(column_means, row, [], [], move |mean, g, []| (mean + share * g * g, []));
        }
        // V = R·C / max(mean(R), ε₁), row by row.
        let sum: f64 = row_means.iter().map(|mean| mean.as_f64()).sum();
        let scale = F::from_f64(1.0 / (sum / rows as f64).max(eps1));
        let ends = ends(column_means);
        for (v, &mean) in v.chunks_exact_mut(columns).zip(&*row_means) {
            // First choice: PyTorch's order. Where its intermediate product R·C overflows or underflows, scale R first.
            if mean == F::zero() || ends.iter().all(|&end| is_ordinary(mean * end)) {
                kernels::update(v, column_means, [], [], move |_, column, []| (mean * column * scale, []));
            } else {
                let share = mean * scale;
                kernels::update(v, column_means, [], [], move |_, column, []| (share * column, []));
            }
        }
    }
}

/// The smallest positive and the largest of some non-negative elements.
fn ends<F: Float>(x: &[F]) -> [F; 2] {
    let least = |least: F, &x: &F| if x > F::zero() { least.min(x) } else { least };
    [x.iter().fold(F::infinity(), least), x.iter().fold(F::zero(), |largest, &x| largest.max(x))]
}

/// Whether a product is a normal number: it has neither overflowed nor lost digits to underflow.
fn is_ordinary<F: Float>(product: F) -> bool {
    (F::min_positive_value()..F::infinity()).contains(&product)
}

compiled!(fn(&Adafactor, &mut ParamUpdate<'_, F>) = <Adafactor as ParamRule<F>>::update);

#[cfg(test)]
mod tests {
    use downhill_tensor::{Gradients, Tensor};

    use super::*;
    use crate::Optimizer;
    use crate::rules::reference::{expect, refused};

    #[test]
    fn matches_pytorch() {
        expect(Adafactor::default(), 5, [0.951385102688, 0.951385102688]);
    }

    /// Values from PyTorch 2.15.0: gradients small enough that ε₁ exceeds the mean of squares, and large enough that
    /// the estimate exceeds ε₁².
    #[test]
    fn the_mean_that_divides_is_at_least_eps1() {
        let rule = Adafactor { eps1: Some(1e-6), d: 1e6, ..Adafactor::default() };
        let mut p = Tensor::param(Tensor::<f64>::zeros(&[2, 2]));
        let mut opt = Optimizer::new(rule);
        for step in 1..=3 {
            let mut grads = Gradients::default();
            grads.set(&p, Tensor::from([[1e-4, 2e-4], [-3e-4, 5e-5]]) * f64::from(step));
            opt.step(&mut p, &grads);
        }
        let expected = [-6.497956371230691e-5, -1.9934820143166585e-4, 1.4332177613569265e-4, -3.664092814516561e-5];
        for (ours, theirs) in p.to_vec().into_iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-14 * theirs.abs(), "{ours:e}, not {theirs:e}");
        }
    }

    /// In `f64`: where products of squares underflow or overflow, and where the squares of an update do. Steps are
    /// relative, so the scale of the gradients must not matter as long as ε₁ is 0.
    #[test]
    fn the_scale_of_the_gradients_does_not_matter() {
        let run = |scale: f64| {
            let rule = Adafactor { eps1: Some(0.0), ..Adafactor::default() };
            let mut p = Tensor::param([[0.5, -1.0], [2.0, 0.25]]);
            let mut opt = Optimizer::new(rule);
            for step in 1..=3 {
                let mut grads = Gradients::default();
                grads.set(&p, Tensor::from([[1.0, 2.0], [-3.0, f64::from(step)]]) * scale);
                opt.step(&mut p, &grads);
            }
            p.to_vec()
        };
        let ordinary = run(1.0);
        for scale in [1e-150, 1e-120, 1e-80, 1e80, 1e120, 1e150] {
            let close = run(scale).iter().zip(&ordinary).all(|(a, b)| (a - b).abs() < 1e-14);
            assert!(close, "{scale:e}: {:?}, not {ordinary:?}", run(scale));
        }
    }

    #[test]
    fn one_nan_is_seen_everywhere() {
        for shape in [&[2, 2][..], &[4]] {
            let mut p = Tensor::param(Tensor::<f64>::ones(shape));
            let mut grads = Gradients::default();
            grads.set(&p, Tensor::from([1.0, f64::NAN, 1.0, 1.0]).reshape(shape));
            Optimizer::new(Adafactor::default()).step(&mut p, &grads);
            assert!(p.to_vec().iter().all(|p| p.is_nan()), "{p}");
        }
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(Adafactor { d: 0.5, ..Adafactor::default() }, "Adafactor: d must be ≥ 1, got 0.5");
    }
}
