//! Reverse-mode differentiation: the backward pass from a result to the parameters.

use crate::no_grad::no_grad;
use crate::observe::{Contribution, Observer};
use crate::pending::Pending;
use crate::{Float, Gradients, Tensor, compiled};

impl<F: Float> Tensor<F> {
    /// The gradients of this scalar with respect to every parameter it depends on.
    ///
    /// Frees the record of everything that this scalar was computed from, including clones and intermediate results:
    /// the losses and logits that you keep from a training step hold only their elements, and a second `backward`
    /// through the same results panics. Add the losses and call `backward` once, or use
    /// [`backward_retain_graph`](Self::backward_retain_graph). The gradients are constants; for gradients that can be
    /// differentiated again, see [`grad`](crate::grad), which also keeps the record.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param([1.0, 2.0]);
    /// let grads = w.square().sum().backward();
    /// assert_eq!(grads[&w], Tensor::from([2.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If this tensor does not have exactly one element, does not depend on any parameter, or was computed from a
    /// result whose record an earlier `backward` has freed.
    #[track_caller]
    #[inline(never)]
    pub fn backward(self) -> Gradients<F> {
        check_scalar("backward", &self);
        check_recorded("backward", &self);
        let seed = Tensor::ones(self.shape());
        let gradients = match no_grad(|| walk(self, seed, &[], Records::Free, None)) {
            Ok(gradients) => gradients,
            Err(op) => freed("backward", op),
        };
        // The recorded gradient of a linear function gets this far, but no parameter is behind it.
        assert!(!gradients.is_empty(), "backward: {NO_PARAMETER}");
        gradients
    }

    /// Like [`backward`](Self::backward), but keeps the record for further passes through it.
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
    /// As for [`backward`](Self::backward).
    #[doc(alias = "retain_graph")]
    #[track_caller]
    pub fn backward_retain_graph(&self) -> Gradients<F> {
        check_scalar("backward_retain_graph", self);
        check_recorded("backward_retain_graph", self);
        let seed = Tensor::ones(self.shape());
        let gradients = match no_grad(|| walk(self.clone(), seed, &[], Records::Keep, None)) {
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
        "{what}: expected a scalar, not shape {:?}; reduce it with `.sum()` or `.mean()`, or pass a direction to `vjp`",
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
        "{what}: the record of `{op}` was freed by an earlier `backward`; add the losses and call `backward` once, or \
         keep the record the first time with `backward_retain_graph`"
    );
}

/// What a walk does with the records it passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    Keep,
    Free,
}

/// A backward walk in progress.
pub(crate) struct Walk<'t, F: Float> {
    records: Records,
    /// Ids in ascending order. If empty, every parameter is a target.
    targets: &'t [i64],
    /// The id of the oldest target. Inputs are always older than the result, so nothing older than this leads to a
    /// target. Constants and frozen parameters have ids below 1.
    oldest: i64,
    found: Gradients<F>,
    pending: Pending<F>,
    observer: Option<Observer<'t, F>>,
}

/// Where a contribution to a gradient comes from: the result, the gradient with respect to it, and which of its arguments.
pub(crate) struct Edge<'a, F: Float> {
    pub(crate) result: &'a Tensor<F>,
    pub(crate) gradient: &'a Tensor<F>,
    pub(crate) argument: usize,
}

impl<'t, F: Float> Walk<'t, F> {
    /// A walk that nobody continues, for a single step.
    pub(crate) fn observed_by(observer: Observer<'t, F>) -> Self {
        let (found, pending) = (Gradients::default(), Pending::default());
        Walk { records: Records::Keep, targets: &[], oldest: 1, found, pending, observer: Some(observer) }
    }

    pub(crate) fn keeps_records(&self) -> bool {
        self.records == Records::Keep
    }

    /// Whether the gradient with respect to `x` is a target or is needed to reach one.
    #[inline]
    pub(crate) fn wants(&self, x: &Tensor<F>) -> bool {
        // A parameter leads nowhere, so it is wanted only as a target.
        x.0.id >= self.oldest && (self.targets.is_empty() || !x.is_leaf() || self.is_target(x))
    }

    fn is_target(&self, x: &Tensor<F>) -> bool {
        self.targets.binary_search(&x.0.id).is_ok()
    }

    /// Adds `dx`, returned by the derivative rule of `op`, to the gradient with respect to `x`, which must be wanted. Undoes
    /// broadcasting: an element's gradient is the sum over its copies.
    #[inline]
    pub(crate) fn receive(&mut self, op: &str, from: Edge<'_, F>, x: &Tensor<F>, dx: Tensor<F>) {
        let product = self.observer.is_some().then(|| dx.clone());
        let dx = if dx.shape() == x.shape() {
            dx
        } else {
            dx.try_sum_to_size(x.shape()).unwrap_or_else(|| misfit(op, &dx, x))
        };
        if let (Some(observe), Some(product)) = (&mut self.observer, &product) {
            let Edge { result, gradient, argument } = from;
            observe(Contribution { result, gradient, argument, input: x, product, added: &dx });
        }
        drop(product);
        // A leaf is not walked any further: its gradient goes straight into the result.
        if x.is_leaf() { self.found.add(x.0.id, dx) } else { self.pending.add(x, dx) }
    }
}

#[cold]
fn misfit<F: Float>(op: &str, dx: &Tensor<F>, x: &Tensor<F>) -> ! {
    panic!(
        "{op}: the derivative rule returned shape {:?}, to which an argument of shape {:?} does not broadcast",
        dx.shape(),
        x.shape()
    )
}

/// Propagates `seed`, the gradient with respect to `root`, back through the graph, youngest result first: by the time a
/// result is processed, all its uses have contributed to its gradient.
///
/// Returns the gradients of `targets` (ids in ascending order), or of every parameter if `targets` is empty. The observer is
/// told every contribution on the way.
///
/// # Errors
/// The name of the operation, if an earlier walk has freed its record.
#[inline(never)]
pub(crate) fn walk<'t, F: Float>(
    root: Tensor<F>,
    seed: Tensor<F>,
    targets: &'t [i64],
    records: Records,
    observer: Option<Observer<'t, F>>,
) -> Result<Gradients<F>, &'static str> {
    let oldest = targets.first().copied().unwrap_or(1);
    let pending = Pending::new(root, seed);
    let mut walk = Walk { records, targets, oldest, found: Gradients::default(), pending, observer };
    while let Some((y, dy)) = walk.pending.pop() {
        // Inputs are older than `y`: at or below the oldest target there is nothing left to find.
        if y.0.id > oldest && !y.0.record.pull_back(&y, &dy, &mut walk) {
            return Err(y.0.record.name());
        }
        // A result may itself be a target, and `root` may be a parameter.
        let wanted = if targets.is_empty() { y.is_leaf() } else { walk.is_target(&y) };
        if wanted {
            walk.found.add(y.0.id, dy);
        }
    }
    Ok(walk.found)
}

compiled!(for<'t> fn(Tensor<F>, Tensor<F>, &'t [i64], Records, Option<Observer<'t, F>>) -> Result<Gradients<F>, &'static str> = walk::<F>);
compiled!(fn(Tensor<F>) -> Gradients<F> = Tensor::<F>::backward);
