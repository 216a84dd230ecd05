//! Dropping without recursion what may hold tensors somewhere inside: a user's operation may own a tensor whose record
//! holds such an operation, and so on, to any depth.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

type Waiting = ManuallyDrop<RefCell<Vec<Box<dyn Any + Send>>>>;

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
    /// What the drop in progress has come across. It has no destructor, so it can be used while a thread shuts down;
    /// the last drop leaves it without an allocation.
    static WAITING: Waiting = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Drops `value` now or, if this thread is in the middle of such a drop, after it.
pub(super) fn drop_in_turn<T: Send + 'static>(value: T) {
    if DROPPING.get() {
        return WAITING.with(|waiting| waiting.borrow_mut().push(Box::new(value)));
    }
    /// Resets the flag even if a destructor panics; what is left waits for the next drop.
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            DROPPING.set(false);
        }
    }
    DROPPING.set(true);
    let _done = Done;
    drop(value);
    while let Some(next) = WAITING.with(|waiting| waiting.borrow_mut().pop()) {
        drop(next);
    }
    // Free the list's own memory, since it has no destructor.
    WAITING.with(|waiting| drop(waiting.take()));
}
