//! What a tensor remembers of how it came to be: nothing for a constant, a [`Leaf`] for a parameter, an
//! [`Applied`] or [`AppliedMany`] operation with its inputs for a result.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::op::{Op, OpMany};
use crate::{Float, Tensor};

pub(crate) trait Record<F: Float>: Send + Sync {
    /// Unique, and larger than the number of every input.
    fn id(&self) -> u64;
    fn name(&self) -> &'static str;
    fn inputs(&self) -> &[Tensor<F>];
    fn inputs_mut(&mut self) -> &mut [Tensor<F>];
    /// The gradient of the argument `wrt`, before broadcasting is undone.
    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// Numbers every record in the order of creation. One counter for all threads, because a graph may be begun in one
/// thread and continued in another.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A parameter.
pub(crate) struct Leaf(u64);

impl Leaf {
    pub(crate) fn new() -> Self {
        Leaf(next_id())
    }
}

impl<F: Float> Record<F> for Leaf {
    fn id(&self) -> u64 {
        self.0
    }

    fn name(&self) -> &'static str {
        "param"
    }

    fn inputs(&self) -> &[Tensor<F>] {
        &[]
    }

    fn inputs_mut(&mut self) -> &mut [Tensor<F>] {
        &mut []
    }

    fn vjp(&self, _wrt: usize, _y: &Tensor<F>, _dy: &Tensor<F>) -> Tensor<F> {
        unreachable!("a parameter has no inputs")
    }
}

/// An operation on `N` tensors.
pub(crate) struct Applied<F: Float, O: Op<F, N>, const N: usize> {
    id: u64,
    op: O,
    inputs: [Tensor<F>; N],
}

impl<F: Float, O: Op<F, N>, const N: usize> Applied<F, O, N> {
    pub(crate) fn new(op: O, inputs: [&Tensor<F>; N]) -> Self {
        Applied { id: next_id(), op, inputs: inputs.map(Tensor::clone) }
    }
}

impl<F: Float, O: Op<F, N>, const N: usize> Record<F> for Applied<F, O, N> {
    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn inputs(&self) -> &[Tensor<F>] {
        &self.inputs
    }

    fn inputs_mut(&mut self) -> &mut [Tensor<F>] {
        &mut self.inputs
    }

    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.op.vjp(wrt, self.inputs.each_ref(), y, dy)
    }
}

impl<F: Float, O: Op<F, N>, const N: usize> Drop for Applied<F, O, N> {
    fn drop(&mut self) {
        release(&mut self.inputs);
    }
}

/// An operation on a list of tensors.
pub(crate) struct AppliedMany<F: Float, O: OpMany<F>> {
    id: u64,
    op: O,
    inputs: Vec<Tensor<F>>,
}

impl<F: Float, O: OpMany<F>> AppliedMany<F, O> {
    pub(crate) fn new(op: O, inputs: &[&Tensor<F>]) -> Self {
        AppliedMany { id: next_id(), op, inputs: inputs.iter().map(|&x| x.clone()).collect() }
    }
}

impl<F: Float, O: OpMany<F>> Record<F> for AppliedMany<F, O> {
    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn inputs(&self) -> &[Tensor<F>] {
        &self.inputs
    }

    fn inputs_mut(&mut self) -> &mut [Tensor<F>] {
        &mut self.inputs
    }

    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.op.vjp(wrt, &self.inputs, y, dy)
    }
}

impl<F: Float, O: OpMany<F>> Drop for AppliedMany<F, O> {
    fn drop(&mut self) {
        release(&mut self.inputs);
    }
}

/// Drops everything that only these inputs keep alive, in a loop: a chain of a million operations would overflow the
/// stack if each dropped the one before it.
fn release<F: Float>(inputs: &mut [Tensor<F>]) {
    let mut orphans = Vec::new();
    take_orphans(inputs, &mut orphans);
    while let Some(mut orphan) = orphans.pop() {
        if let Some(record) = Arc::get_mut(&mut orphan) {
            take_orphans(record.inputs_mut(), &mut orphans);
        }
    }
}

fn take_orphans<F: Float>(inputs: &mut [Tensor<F>], orphans: &mut Vec<Arc<dyn Record<F>>>) {
    for input in inputs {
        if let Some(record) = input.record.take()
            && Arc::strong_count(&record) == 1
        {
            orphans.push(record);
        }
    }
}
