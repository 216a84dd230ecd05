//! What a tensor refers to: its elements, its id, and the record of how it was computed. The record of a constant or a
//! parameter is empty ([`Leaf`]); that of a result is an operation with its inputs ([`Applied`] or [`AppliedMany`]).

mod deferred;
mod held;

use std::mem::needs_drop;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Elements;
use crate::backward::{Edge, Walk};
use crate::op::{Op, OpMany};
use crate::{Float, Operation, Tensor};
use held::{Held, Owning, Plain};

/// The node behind a tensor; `R` is its record.
pub(crate) struct Node<F: Float, R: Record<F> + ?Sized> {
    pub(crate) elements: Elements<F>,
    /// 0 for a constant. Positive if gradients flow to or through the tensor: larger than the id of every input.
    /// Negative for a frozen parameter: its id, negated. So both questions of the hot path, whether to record and
    /// whether to walk on, take one comparison. Ids other than 0 are unique: one id means one set of elements.
    pub(crate) id: i64,
    pub(crate) record: R,
}

pub(crate) trait Record<F: Float>: Send + Sync {
    fn name(&self) -> &'static str;

    /// Whether no operation was applied: the record of a constant or a parameter.
    fn is_leaf(&self) -> bool {
        false
    }

    /// Moves the inputs that have no other holder into `orphans`. Leaves the record unusable.
    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>);

    /// Computes, from the gradient `dy` with respect to the result `y`, the gradients with respect to the inputs that
    /// the walk wants, and frees the record if the walk says so. Returns false if an earlier walk has freed it.
    fn pull_back(&self, y: &Tensor<F>, dy: &Tensor<F>, walk: &mut Walk<'_, F>) -> bool;

    /// Applies the operation to other inputs. What it stores is then theirs, so no derivative may be computed later.
    #[cfg(any(test, feature = "sweep"))]
    fn replay(&mut self, _inputs: &[&Elements<F>]) -> Option<Elements<F>> {
        None
    }

    /// The operation with its inputs, for inspection; `None` for a leaf and for a freed record.
    fn operation(&self) -> Option<Operation<F>> {
        None
    }
}

/// Ids count up in the order of creation. One counter for all threads, because a graph may span several.
pub(crate) fn next_id() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The recorded result of applying `op` to `inputs`.
pub(crate) fn record<F: Float, O: Op<F, N>, const N: usize>(
    elements: Elements<F>,
    op: O,
    inputs: [&Tensor<F>; N],
) -> Tensor<F> {
    let (id, inputs) = (next_id(), Inputs::new(inputs.map(Tensor::clone)));
    // Decided at compile time: only an operation that owns something needs a lock, to be freed early.
    if const { needs_drop::<O>() } {
        let op = Owning::new(op.name(), op);
        Tensor(Arc::new(Node { elements, id, record: Applied { op, inputs } }))
    } else {
        Tensor(Arc::new(Node { elements, id, record: Applied { op: Plain(op), inputs } }))
    }
}

/// [`record`] for an operation on a list of tensors.
pub(crate) fn record_many<F: Float, O: OpMany<F>>(elements: Elements<F>, op: O, inputs: &[&Tensor<F>]) -> Tensor<F> {
    let (id, inputs) = (next_id(), Inputs::new(inputs.iter().map(|&x| x.clone()).collect()));
    if const { needs_drop::<O>() } {
        let op = Owning::new(op.name(), op);
        Tensor(Arc::new(Node { elements, id, record: AppliedMany { op, inputs } }))
    } else {
        Tensor(Arc::new(Node { elements, id, record: AppliedMany { op: Plain(op), inputs } }))
    }
}

/// The record of a constant or a parameter.
pub(crate) struct Leaf;

impl<F: Float> Record<F> for Leaf {
    fn name(&self) -> &'static str {
        "leaf"
    }

    fn is_leaf(&self) -> bool {
        true
    }

    fn take_inputs(&mut self, _orphans: &mut Vec<Tensor<F>>) {}

    fn pull_back(&self, _y: &Tensor<F>, _dy: &Tensor<F>, _walk: &mut Walk<'_, F>) -> bool {
        true
    }
}

/// The record of a result whose derivative is zero, such as the gradient of a linear function: it has no inputs, but
/// can be differentiated, and gives zeros. Holds the name of what produced the result.
struct Unvarying(&'static str);

impl<F: Float> Record<F> for Unvarying {
    fn name(&self) -> &'static str {
        self.0
    }

    fn take_inputs(&mut self, _orphans: &mut Vec<Tensor<F>>) {}

    fn pull_back(&self, _y: &Tensor<F>, _dy: &Tensor<F>, _walk: &mut Walk<'_, F>) -> bool {
        true
    }
}

/// The same elements, as a recorded result whose derivative is zero.
pub(crate) fn unvarying<F: Float>(what: &'static str, constant: &Tensor<F>) -> Tensor<F> {
    let elements = constant.0.elements.clone();
    Tensor(Arc::new(Node { elements, id: next_id(), record: Unvarying(what) }))
}

/// The inputs of an operation, until a walk that frees the record takes them. The lock is held only while they are
/// taken or cloned, never while anything is computed or dropped.
struct Inputs<L>(Mutex<Option<L>>);

impl<L> Inputs<L> {
    fn new(list: L) -> Self {
        Inputs(Mutex::new(Some(list)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inputs: cloned if the record is kept, otherwise taken.
    fn get(&self, keep: bool) -> Option<L>
    where
        L: Clone,
    {
        let mut list = self.lock();
        if keep { list.clone() } else { list.take() }
    }

    fn take_unlocked(&mut self) -> Option<L> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<F: Float, const N: usize> Inputs<[Tensor<F>; N]> {
    /// [`Record::pull_back`] through `op`; compiled once for all operations.
    fn pull_back(&self, op: &dyn Op<F, N>, y: &Tensor<F>, dy: &Tensor<F>, walk: &mut Walk<'_, F>) -> bool {
        let Some(inputs) = self.get(walk.keeps_records()) else { return false };
        let wanted = inputs.each_ref().map(|x| walk.wants(x));
        let mut gradients = op.vjp_all(wanted, inputs.each_ref(), y, dy);
        for wrt in 0..N {
            if wanted[wrt] {
                let Some(dx) = gradients[wrt].take() else { missing(op.name(), wrt) };
                walk.receive(op.name(), Edge { result: y, gradient: dy, argument: wrt }, &inputs[wrt], dx);
            }
        }
        true
    }
}

/// An operation on `N` tensors.
struct Applied<F: Float, H: Held, const N: usize>
where
    H::Op: Op<F, N>,
{
    op: H,
    inputs: Inputs<[Tensor<F>; N]>,
}

impl<F: Float, H: Held, const N: usize> Record<F> for Applied<F, H, N>
where
    H::Op: Op<F, N>,
{
    fn name(&self) -> &'static str {
        self.op.name(|op| op.name())
    }

    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>) {
        if let Some(inputs) = self.inputs.take_unlocked() {
            orphans.extend(inputs.into_iter().filter(is_orphan));
        }
    }

    fn pull_back(&self, y: &Tensor<F>, dy: &Tensor<F>, walk: &mut Walk<'_, F>) -> bool {
        // Lock the operation first: it cannot be freed while it is being read, so if the inputs are there, so is it.
        let Some(op) = self.op.read() else { return false };
        if !self.inputs.pull_back(&*op, y, dy, walk) {
            return false;
        }
        // Unlock first: `free` skips an operation that is in use.
        drop(op);
        if !walk.keeps_records() {
            self.op.free();
        }
        true
    }

    #[cfg(any(test, feature = "sweep"))]
    fn replay(&mut self, inputs: &[&Elements<F>]) -> Option<Elements<F>> {
        Some(self.op.write()?.forward(std::array::from_fn(|i| inputs[i])))
    }

    fn operation(&self) -> Option<Operation<F>> {
        let op = self.op.read()?;
        let inputs = self.inputs.get(true)?.into();
        Some(Operation { name: op.name(), attributes: op.attributes(), formula: op.formula(), inputs })
    }
}

impl<F: Float, H: Held, const N: usize> Drop for Applied<F, H, N>
where
    H::Op: Op<F, N>,
{
    fn drop(&mut self) {
        release(self);
    }
}

/// An operation on a list of tensors.
struct AppliedMany<F: Float, H: Held>
where
    H::Op: OpMany<F>,
{
    op: H,
    inputs: Inputs<Vec<Tensor<F>>>,
}

impl<F: Float, H: Held> Record<F> for AppliedMany<F, H>
where
    H::Op: OpMany<F>,
{
    fn name(&self) -> &'static str {
        self.op.name(|op| op.name())
    }

    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>) {
        if let Some(inputs) = self.inputs.take_unlocked() {
            orphans.extend(inputs.into_iter().filter(is_orphan));
        }
    }

    fn pull_back(&self, y: &Tensor<F>, dy: &Tensor<F>, walk: &mut Walk<'_, F>) -> bool {
        // As for `Applied`.
        let Some(op) = self.op.read() else { return false };
        let Some(inputs) = self.inputs.get(walk.keeps_records()) else { return false };
        for (wrt, x) in inputs.iter().enumerate() {
            if walk.wants(x) {
                let from = Edge { result: y, gradient: dy, argument: wrt };
                walk.receive(op.name(), from, x, op.vjp(wrt, &inputs, y, dy));
            }
        }
        drop(op);
        if !walk.keeps_records() {
            self.op.free();
        }
        true
    }

    #[cfg(any(test, feature = "sweep"))]
    fn replay(&mut self, inputs: &[&Elements<F>]) -> Option<Elements<F>> {
        Some(self.op.write()?.forward(inputs))
    }

    fn operation(&self) -> Option<Operation<F>> {
        let op = self.op.read()?;
        let inputs = self.inputs.get(true)?;
        Some(Operation { name: op.name(), attributes: op.attributes(), formula: op.formula(), inputs })
    }
}

impl<F: Float, H: Held> Drop for AppliedMany<F, H>
where
    H::Op: OpMany<F>,
{
    fn drop(&mut self) {
        release(self);
    }
}

#[cold]
fn missing(op: &str, wrt: usize) -> ! {
    panic!("{op}: `vjp_all` returned no gradient for argument {wrt}")
}

fn is_orphan<F: Float>(input: &Tensor<F>) -> bool {
    Arc::strong_count(&input.0) == 1
}

/// Drops everything that only this record keeps alive, in a loop: for a chain of a million operations, recursive drops
/// would overflow the stack. What the operations themselves own is dropped in a loop too (`deferred`).
fn release<F: Float>(record: &mut dyn Record<F>) {
    let mut orphans = Vec::new();
    record.take_inputs(&mut orphans);
    while let Some(mut orphan) = orphans.pop() {
        // Not shared: move its inputs to the list, so that its own drop finds nothing to do.
        if let Some(node) = Arc::get_mut(&mut orphan.0) {
            node.record.take_inputs(&mut orphans);
        }
    }
}
