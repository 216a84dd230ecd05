//! Reverse-mode differentiation: the walk from a result back to the parameters.

use crate::no_grad::no_grad;
use crate::pending::Pending;
use crate::{Float, Gradients, Tensor, compiled};

impl<F: Float> Tensor<F> {
    /// The gradients of this scalar with respect to every parameter it depends on.
    ///
    /// Frees the record as it goes, also that of clones and of other results on the way: what you keep of a training step
    /// (losses, logits) keeps its elements and nothing else, and a second `backward` through the same results panics. Add the
    /// losses and call `backward` once, or use [`backward_retain_graph`](Self::backward_retain_graph). The gradients are
    /// constants; for gradients that can be differentiated again, see [`grad`](crate::grad), which keeps the record too.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param([1.0, 2.0]);
    /// let grads = w.square().sum().backward();
    /// assert_eq!(grads[&w], Tensor::from([2.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If this tensor has more than one element, does not depend on any parameter, or was computed from something whose
    /// record an earlier `backward` has freed.
    #[track_caller]
    #[inline(never)]
    pub fn backward(self) -> Gradients<F> {
        check_scalar("backward", &self);
        check_recorded("backward", &self);
        let seed = Tensor::ones(self.shape());
        let gradients = match no_grad(|| walk(self, seed, &[], Records::Free)) {
            Ok(gradients) => gradients,
            Err(op) => freed("backward", op),
        };
        // The gradient of a linear function is recorded, and leads nowhere.
        assert!(!gradients.is_empty(), "backward: {NO_PARAMETER}");
        gradients
    }

    /// [`backward`](Self::backward) that keeps the record, for further passes through it.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param([1.0_f64, 2.0]);
    /// let shared = w.square();
    /// let (first, second) = (shared.sum(), shared.square().sum());
    /// let grads = first.backward_retain_graph() + second.backward(); // both go through `shared`
    /// assert_eq!(grads[&w].to_vec(), [2.0 + 4.0, 4.0 + 32.0]); // of w² + w⁴
    /// ```
    ///
    /// # Panics
    /// As [`backward`](Self::backward).
    #[doc(alias = "retain_graph")]
    #[track_caller]
    pub fn backward_retain_graph(&self) -> Gradients<F> {
        check_scalar("backward_retain_graph", self);
        check_recorded("backward_retain_graph", self);
        let seed = Tensor::ones(self.shape());
        let gradients = match no_grad(|| walk(self.clone(), seed, &[], Records::Keep)) {
            Ok(gradients) => gradients,
            Err(op) => freed("backward_retain_graph", op),
        };
        assert!(!gradients.is_empty(), "backward_retain_graph: {NO_PARAMETER}");
        gradients
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

#[track_caller]
pub(crate) fn check_recorded<F: Float>(what: &str, y: &Tensor<F>) {
    assert!(y.requires_grad(), "{what}: {NO_PARAMETER}");
}

const NO_PARAMETER: &str = "this tensor does not depend on any parameter; make one with `Tensor::param`, and compute \
                            outside of `no_grad`";

#[cold]
#[track_caller]
pub(crate) fn freed(what: &str, op: &str) -> ! {
    panic!(
        "{what}: the record of `{op}` was freed by an earlier `backward`; add the losses and call `backward` once, or keep \
         the record the first time with `backward_retain_graph`"
    );
}

/// What a walk does with the records that it passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    Keep,
    Free,
}

/// A walk under way.
pub(crate) struct Walk<'t, F: Float> {
    records: Records,
    /// Ids in ascending order; none for every parameter.
    targets: &'t [i64],
    /// An input is always older than the result: what is older than every target cannot lead to one. Constants and frozen
    /// parameters have numbers below 1.
    oldest: i64,
    found: Gradients<F>,
    pending: Pending<F>,
}

impl<F: Float> Walk<'_, F> {
    pub(crate) fn keeps_records(&self) -> bool {
        self.records == Records::Keep
    }

    /// Whether a gradient with respect to `x` is asked for or leads to one that is.
    #[inline]
    pub(crate) fn wants(&self, x: &Tensor<F>) -> bool {
        // A parameter leads nowhere.
        x.0.id >= self.oldest && (self.targets.is_empty() || !x.is_leaf() || self.is_target(x))
    }

    fn is_target(&self, x: &Tensor<F>) -> bool {
        self.targets.binary_search(&x.0.id).is_ok()
    }

    /// Adds `dx`, the derivative rule's of `op`, to the gradient with respect to `x`. If `x` was broadcast, each element's
    /// gradient is the sum over its copies.
    #[inline]
    pub(crate) fn receive(&mut self, op: &str, x: &Tensor<F>, dx: Tensor<F>) {
        let dx = if dx.shape() == x.shape() {
            dx
        } else {
            dx.try_sum_to_size(x.shape()).unwrap_or_else(|| misfit(op, &dx, x))
        };
        if x.is_leaf() { self.found.add(x.0.id, dx) } else { self.pending.add(x, dx) }
    }
}

#[cold]
fn misfit<F: Float>(op: &str, dx: &Tensor<F>, x: &Tensor<F>) -> ! {
    panic!(
        "{op}: the derivative rule returned shape {:?}, which an argument of shape {:?} cannot have been broadcast to",
        dx.shape(),
        x.shape()
    )
}

/// Pushes `seed`, the gradient with respect to `root`, back through the graph, youngest result first, so that a
/// result is left only when all its uses have contributed.
///
/// Returns the gradients of `targets` (ids in ascending order), or of every parameter if there are none.
///
/// # Errors
/// With the operation's name if an earlier walk has freed a record on the way.
#[inline(never)]
pub(crate) fn walk<F: Float>(
    root: Tensor<F>,
    seed: Tensor<F>,
    targets: &[i64],
    records: Records,
) -> Result<Gradients<F>, &'static str> {
    let oldest = targets.first().copied().unwrap_or(1);
    let pending = Pending::new(root, seed);
    let mut walk = Walk { records, targets, oldest, found: Gradients::default(), pending };
    while let Some((y, dy)) = walk.pending.pop() {
        // All inputs of the oldest target are older.
        if y.0.id > oldest && !y.0.record.pull_back(&y, &dy, &mut walk) {
            return Err(y.0.record.name());
        }
        let wanted = if targets.is_empty() { y.is_leaf() } else { walk.is_target(&y) };
        if wanted {
            walk.found.add(y.0.id, dy);
        }
    }
    Ok(walk.found)
}

compiled!(fn(Tensor<F>, Tensor<F>, &[i64], Records) -> Result<Gradients<F>, &'static str> = walk::<F>);
compiled!(fn(Tensor<F>) -> Gradients<F> = Tensor::<F>::backward);
