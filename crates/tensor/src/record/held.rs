//! How a record holds its operation. Most operations are plain values or empty, and stay where they are; one that owns
//! memory (labels, indices, a user's tensors) is released when the record is freed, and never dropped inside another
//! drop.

use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::deferred;

/// An operation in a record.
pub(super) trait Held: Send + Sync {
    type Op: Send + Sync + 'static;

    /// The operation's name; `ask` gets it from the operation.
    fn name(&self, ask: impl FnOnce(&Self::Op) -> &'static str) -> &'static str;

    /// The operation, unless the record has been freed.
    fn read(&self) -> Option<impl Deref<Target = Self::Op>>;

    /// As [`read`](Self::read), but mutable.
    #[cfg(any(test, feature = "sweep"))]
    fn write(&mut self) -> Option<&mut Self::Op>;

    /// Releases what the operation owns.
    fn free(&self);
}

/// An operation that owns nothing.
pub(super) struct Plain<O>(pub(super) O);

impl<O: Send + Sync + 'static> Held for Plain<O> {
    type Op = O;

    fn name(&self, ask: impl FnOnce(&O) -> &'static str) -> &'static str {
        ask(&self.0)
    }

    fn read(&self) -> Option<impl Deref<Target = O>> {
        Some(&self.0)
    }

    #[cfg(any(test, feature = "sweep"))]
    fn write(&mut self) -> Option<&mut O> {
        Some(&mut self.0)
    }

    fn free(&self) {}
}

/// An operation that owns memory. It is read-locked while its derivative is computed; that cannot deadlock, because
/// nobody ever waits for the write lock: `free` skips an operation that is in use.
pub(super) struct Owning<O: Send + Sync + 'static> {
    name: &'static str,
    op: RwLock<Option<O>>,
}

impl<O: Send + Sync + 'static> Owning<O> {
    pub(super) fn new(name: &'static str, op: O) -> Self {
        Owning { name, op: RwLock::new(Some(op)) }
    }
}

struct Reading<'a, O>(RwLockReadGuard<'a, Option<O>>);

impl<O> Deref for Reading<'_, O> {
    type Target = O;

    fn deref(&self) -> &O {
        self.0.as_ref().expect("checked when the lock was taken")
    }
}

impl<O: Send + Sync + 'static> Held for Owning<O> {
    type Op = O;

    fn name(&self, _ask: impl FnOnce(&O) -> &'static str) -> &'static str {
        self.name
    }

    fn read(&self) -> Option<impl Deref<Target = O>> {
        let op = self.op.read().unwrap_or_else(PoisonError::into_inner);
        op.is_some().then(|| Reading(op))
    }

    #[cfg(any(test, feature = "sweep"))]
    fn write(&mut self) -> Option<&mut O> {
        self.op.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut()
    }

    fn free(&self) {
        // The lock is released before anything is dropped.
        let op = self.op.try_write().ok().and_then(|mut op| op.take());
        if let Some(op) = op {
            deferred::drop_in_turn(op);
        }
    }
}

impl<O: Send + Sync + 'static> Drop for Owning<O> {
    fn drop(&mut self) {
        if let Some(op) = self.op.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            deferred::drop_in_turn(op);
        }
    }
}
