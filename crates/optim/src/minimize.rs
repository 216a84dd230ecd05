//! Minimizing a function instead of training a model.

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::{Optimizer, Rule};

/// Minimizes the function `f` from `start` in `steps` steps of `rule` and returns every point, `start` first: the
/// trajectory of the optimizer, for plotting.
///
/// If `start` contains no parameters, all its tensors become parameters.
///
/// ```
/// use downhill_optim::{Adam, minimize};
/// use downhill_tensor::Tensor;
///
/// let himmelblau = |(x, y): &(Tensor<f64>, Tensor<f64>)| {
///     (x.square() + y - 11.0).square() + (x + y.square() - 7.0).square()
/// };
/// let start = (Tensor::from(-1.0), Tensor::from(1.0));
/// let path = minimize(himmelblau, start, Adam { lr: 0.1, ..Adam::default() }, 300);
/// assert_eq!((path.len(), path[0].0.item()), (301, -1.0));
/// assert!(himmelblau(&path[300]).item() < 1e-6);
/// ```
///
/// # Panics
/// If an option of the rule is invalid, and as [`Optimizer::step`].
#[track_caller]
pub fn minimize<F: Float, P: Params<F> + Clone>(
    f: impl Fn(&P) -> Tensor<F>,
    start: P,
    rule: impl Into<Box<dyn Rule<F>>>,
    steps: usize,
) -> Vec<P> {
    let mut opt = Optimizer::new(rule);
    let mut point = start;
    if point.num_params() == 0 {
        // Every place becomes its own parameter: clones of one constant are equal starting values, not tied weights.
        point.visit_mut(&Path::ROOT, &mut |_, tensor| *tensor = Tensor::param(&*tensor));
    }
    // A clone shares its elements with `point`; the next step gives `point` new ones and leaves the clone alone.
    let mut path = vec![point.clone()];
    for _ in 0..steps {
        // Not `step`: a joint rule such as L-BFGS evaluates `f` itself.
        opt.step_with(&mut point, &f);
        path.push(point.clone());
    }
    path
}
