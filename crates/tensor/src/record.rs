//! What a tensor consists of: its elements, its number, and the record of how it came to be. The record is nothing for
//! a constant, a [`Leaf`] for a parameter, and an [`Applied`] or [`AppliedMany`] operation with its inputs for a result.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::elements::Elements;
use crate::op::{Op, OpMany};
use crate::{Float, Tensor};

/// What a tensor refers to; `R` is the record.
pub(crate) struct Node<F: Float, R: Record<F> + ?Sized> {
    pub(crate) elements: Elements<F>,
    /// 0 for a constant; otherwise unique, and larger than the number of every input.
    pub(crate) id: u64,
    pub(crate) record: R,
}

pub(crate) trait Record<F: Float>: Send + Sync {
    fn name(&self) -> &'static str;
    fn len(&self) -> usize;
    fn input(&self, index: usize) -> &Tensor<F>;
    /// Moves the inputs out, into `orphans`, leaving the record unusable.
    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>);
    /// The gradient of the argument `wrt`, before broadcasting is undone.
    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// Numbers tensors in the order of creation. One counter for all threads, because a graph may be begun in one thread
/// and continued in another.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A record without inputs: that of a constant or a parameter.
pub(crate) struct Leaf;

impl<F: Float> Record<F> for Leaf {
    fn name(&self) -> &'static str {
        "leaf"
    }

    fn len(&self) -> usize {
        0
    }

    fn input(&self, _index: usize) -> &Tensor<F> {
        unreachable!("a leaf has no inputs")
    }

    fn take_inputs(&mut self, _orphans: &mut Vec<Tensor<F>>) {}

    fn vjp(&self, _wrt: usize, _y: &Tensor<F>, _dy: &Tensor<F>) -> Tensor<F> {
        unreachable!("a leaf has no inputs")
    }
}

/// An operation on `N` tensors.
pub(crate) struct Applied<F: Float, O: Op<F, N>, const N: usize> {
    op: O,
    /// `None` only while being dropped.
    inputs: [Option<Tensor<F>>; N],
}

impl<F: Float, O: Op<F, N>, const N: usize> Applied<F, O, N> {
    pub(crate) fn new(op: O, inputs: [&Tensor<F>; N]) -> Self {
        Applied { op, inputs: inputs.map(|x| Some(x.clone())) }
    }
}

impl<F: Float, O: Op<F, N>, const N: usize> Record<F> for Applied<F, O, N> {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn len(&self) -> usize {
        N
    }

    fn input(&self, index: usize) -> &Tensor<F> {
        self.inputs[index].as_ref().expect(ALIVE)
    }

    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>) {
        for input in &mut self.inputs {
            if let Some(orphan) = take_orphan(input) {
                orphans.push(orphan);
            }
        }
    }

    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.op.vjp(wrt, self.inputs.each_ref().map(|x| x.as_ref().expect(ALIVE)), y, dy)
    }
}

impl<F: Float, O: Op<F, N>, const N: usize> Drop for Applied<F, O, N> {
    fn drop(&mut self) {
        release(self);
    }
}

/// An operation on a list of tensors.
pub(crate) struct AppliedMany<F: Float, O: OpMany<F>> {
    op: O,
    inputs: Vec<Tensor<F>>,
}

impl<F: Float, O: OpMany<F>> AppliedMany<F, O> {
    pub(crate) fn new(op: O, inputs: &[&Tensor<F>]) -> Self {
        AppliedMany { op, inputs: inputs.iter().map(|&x| x.clone()).collect() }
    }
}

impl<F: Float, O: OpMany<F>> Record<F> for AppliedMany<F, O> {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn len(&self) -> usize {
        self.inputs.len()
    }

    fn input(&self, index: usize) -> &Tensor<F> {
        &self.inputs[index]
    }

    fn take_inputs(&mut self, orphans: &mut Vec<Tensor<F>>) {
        orphans.append(&mut self.inputs);
    }

    fn vjp(&self, wrt: usize, y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.op.vjp(wrt, &self.inputs, y, dy)
    }
}

impl<F: Float, O: OpMany<F>> Drop for AppliedMany<F, O> {
    fn drop(&mut self) {
        release(self);
    }
}

const ALIVE: &str = "a record has its inputs until it is dropped";

/// Takes an input out of its record, and returns it if nobody else holds it.
fn take_orphan<F: Float>(input: &mut Option<Tensor<F>>) -> Option<Tensor<F>> {
    input.take().filter(|x| Arc::strong_count(&x.0) == 1)
}

/// Drops everything that only this record keeps alive, in a loop: a chain of a million operations would overflow the
/// stack if each dropped the one before it.
fn release<F: Float>(record: &mut impl Record<F>) {
    let mut orphans = Vec::new();
    record.take_inputs(&mut orphans);
    while let Some(mut orphan) = orphans.pop() {
        if let Some(node) = Arc::get_mut(&mut orphan.0) {
            node.record.take_inputs(&mut orphans);
        }
    }
}
