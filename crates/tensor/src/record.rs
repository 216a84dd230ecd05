//! What a tensor consists of: its elements, its number, and the record of how it came to be. The record is empty for
//! a constant or a parameter ([`Leaf`]), and an [`Applied`] or [`AppliedMany`] operation with its inputs for a result.

mod deferred;
mod held;

use std::mem::needs_drop;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Elements;
use crate::backward::Walk;
use crate::op::{Op, OpMany};
use crate::{Float, Operation, Tensor};
use held::{Held, Owning, Plain};

/// What a tensor refers to; `R` is the record.
pub(crate) struct Node<F: Float, R: Record<F> + ?Sized> {
    pub(crate) elements: Elements<F>,
    /// 0 for a constant. Above 0 for what gradients flow to: unique, and larger than the number of every input. Below 0
    /// for a frozen parameter, whose identity it is without the sign. So both questions of the hot path, whether to record
    /// and whether to walk on, are one comparison. No two nodes have the same identity: one id means one set of elements.
    pub(crate) id: i64,
    pub(crate) record: R,
}

pub(crate) trait Record<F: Float>: Send + Sync {
    fn name(&self) -> &'static str;

    /// Whether nothing was applied: that of a constant or a parameter.
    fn is_leaf(&self) -> bool {
        false
    }

    /// Moves the inputs that nobody else holds out, into `orphans`, leaving the record unusable.
    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>);

    /// Takes the gradient with respect to the result `y` to every input that the walk wants, and frees the record if the walk
    /// says so. False if an earlier walk has freed it.
    fn pull_back(&self, y: &Tensor<F>, dy: &Tensor<F>, walk: &mut Walk<'_, F>) -> bool;

    /// What the operation makes of other inputs. For nobody's derivative afterwards: what it keeps is theirs.
    #[cfg(any(test, feature = "sweep"))]
    fn replay(&mut self, _inputs: &[&Elements<F>]) -> Option<Elements<F>> {
        None
    }

    /// The operation with its inputs, to be looked at; none for a leaf, and when it has been freed.
    fn operation(&self) -> Option<Operation<F>> {
        None
    }
}

/// Numbers tensors in the order of creation. One counter for all threads, because a graph may be begun in one thread
/// and continued in another.
pub(crate) fn next_id() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A result: what `op` has made of `inputs`, recorded.
pub(crate) fn record<F: Float, O: Op<F, N>, const N: usize>(
    elements: Elements<F>,
    op: O,
    inputs: [&Tensor<F>; N],
) -> Tensor<F> {
    let (id, inputs) = (next_id(), Inputs::new(inputs.map(Tensor::clone)));
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

/// A record without inputs: that of a constant or a parameter.
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

/// The record of what has the derivative zero, such as the gradient of a linear function: it leads nowhere, and yet can be
/// differentiated, with zero for a result. Holds the name of what it comes from.
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

/// The same elements as a result whose derivative is zero.
pub(crate) fn unvarying<F: Float>(what: &'static str, constant: &Tensor<F>) -> Tensor<F> {
    let elements = constant.0.elements.clone();
    Tensor(Arc::new(Node { elements, id: next_id(), record: Unvarying(what) }))
}

/// The inputs of an operation, until a walk that frees the record takes them. The lock is held while they are taken or
/// cloned, never while anything is computed or dropped.
struct Inputs<L>(Mutex<Option<L>>);

impl<L> Inputs<L> {
    fn new(list: L) -> Self {
        Inputs(Mutex::new(Some(list)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inputs, to be kept or taken.
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
        // The operation first: while it is being read nobody frees it, and what has inputs has its operation.
        let Some(op) = self.op.read() else { return false };
        let Some(inputs) = self.inputs.get(walk.keeps_records()) else { return false };
        let wanted = inputs.each_ref().map(|x| walk.wants(x));
        let mut gradients = op.vjp_all(wanted, inputs.each_ref(), y, dy);
        for wrt in 0..N {
            if wanted[wrt] {
                let Some(dx) = gradients[wrt].take() else { missing(op.name(), wrt) };
                walk.receive(op.name(), &inputs[wrt], dx);
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
        Some(self.op.write()?.forward(std::array::from_fn(|i| inputs[i])))
    }

    fn operation(&self) -> Option<Operation<F>> {
        let op = self.op.read()?;
        let inputs = self.inputs.get(true)?.into();
        Some(Operation { name: op.name(), attributes: op.attributes(), inputs })
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
                walk.receive(op.name(), x, op.vjp(wrt, &inputs, y, dy));
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
        Some(Operation { name: op.name(), attributes: op.attributes(), inputs })
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
    panic!("{op}: the derivative for argument {wrt} is missing")
}

fn is_orphan<F: Float>(input: &Tensor<F>) -> bool {
    Arc::strong_count(&input.0) == 1
}

/// Drops everything that only this record keeps alive, in a loop: a chain of a million operations would overflow the
/// stack if each dropped the one before it. What the operations themselves hold is dropped in a loop too (`deferred`).
fn release<F: Float>(record: &mut impl Record<F>) {
    let mut orphans = Vec::new();
    record.take_inputs(&mut orphans);
    while let Some(mut orphan) = orphans.pop() {
        if let Some(node) = Arc::get_mut(&mut orphan.0) {
            node.record.take_inputs(&mut orphans);
        }
    }
}
