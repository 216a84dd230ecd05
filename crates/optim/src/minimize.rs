//! Optimising a function rather than a model.

use downhill_tensor::{Float, Params, Tensor};

use crate::{Optimizer, Rule};

/// Goes `steps` steps down the function `f` from `start` by `rule`, and returns every point, `start` first.
///
/// ```
/// use downhill_optim::{Adam, minimize};
/// use downhill_tensor::Tensor;
///
/// let himmelblau = |(x, y): &(Tensor<f64>, Tensor<f64>)| {
///     (x.square() + y - 11.0).square() + (x + y.square() - 7.0).square()
/// };
/// let start = (Tensor::param(-1.0), Tensor::param(1.0));
/// let path = minimize(himmelblau, start, Adam { lr: 0.1, ..Adam::default() }, 300);
/// assert!(himmelblau(&path[300]).item() < 1e-6);
/// ```
#[track_caller]
pub fn minimize<F: Float, P: Params<F> + Clone>(
    f: impl Fn(&P) -> Tensor<F>,
    start: P,
    rule: impl Rule<F> + 'static,
    steps: usize,
) -> Vec<P> {
    let mut opt = Optimizer::new(rule);
    let mut path = vec![start];
    for step in 0..steps {
        let mut point = path[step].clone();
        let grads = f(&point).backward();
        opt.step(&mut point, &grads);
        path.push(point);
    }
    path
}
