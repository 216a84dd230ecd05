//! Reverse-mode differentiation: the walk from a result back to the parameters.

use crate::no_grad::no_grad;
use crate::pending::Pending;
use crate::{Float, Gradients, Tensor};

impl<F: Float> Tensor<F> {
    /// The gradients of this scalar with respect to every parameter it depends on.
    ///
    /// Takes the loss by value and frees the recorded graph as it goes. The gradients are constants; for gradients
    /// that can be differentiated again, see [`grad`](crate::grad).
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param([1.0, 2.0]);
    /// let grads = w.square().sum().backward();
    /// assert_eq!(grads[&w], Tensor::from([2.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If this tensor has more than one element, or does not depend on any parameter.
    #[track_caller]
    pub fn backward(self) -> Gradients<F> {
        check_scalar("backward", &self);
        assert!(
            self.requires_grad(),
            "backward: this tensor does not depend on any parameter; make one with `Tensor::param`, \
             and compute outside of `no_grad`"
        );
        let seed = Tensor::ones(self.shape());
        no_grad(|| walk(self, seed, &[]))
    }
}

#[track_caller]
pub(crate) fn check_scalar<F: Float>(what: &str, y: &Tensor<F>) {
    assert!(
        y.len() == 1,
        "{what}: needs a scalar, not shape {:?}; reduce it with `.sum()` or `.mean()`, or give the direction with `vjp`",
        y.shape(),
    );
}

/// Pushes `seed`, the gradient with respect to `root`, back through the graph, youngest result first, so that a
/// result is left only when all its uses have contributed.
///
/// Returns the gradients of `targets` (ids), or of every parameter if there are none.
pub(crate) fn walk<F: Float>(root: Tensor<F>, seed: Tensor<F>, targets: &[u64]) -> Gradients<F> {
    // An input is always older than the result: what is older than every target cannot lead to one.
    // Constants have number 0, parameters start at 1.
    let oldest = targets.iter().copied().min().unwrap_or(1);
    let wanted = |x: &Tensor<F>| if targets.is_empty() { x.is_leaf() } else { targets.contains(&x.0.id) };
    let mut found = Gradients::default();
    let mut pending = Pending::new(root, seed);
    while let Some((y, dy)) = pending.pop() {
        let record = &y.0.record;
        for wrt in 0..record.len() {
            let x = record.input(wrt);
            // A parameter leads nowhere.
            if x.0.id < oldest || (x.is_leaf() && !wanted(x)) {
                continue;
            }
            let dx = record.vjp(wrt, &y, &dy).undo_broadcast(x.shape(), record.name());
            if x.is_leaf() { found.add(x.0.id, dx) } else { pending.add(x, dx) }
        }
        if wanted(&y) {
            found.add(y.0.id, dy);
        }
    }
    found
}
