//! Dropping values that may own tensors, without recursion: a user's operation may own a tensor whose record holds such
//! an operation, and so on, to any depth.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

type Waiting = ManuallyDrop<RefCell<Vec<Box<dyn Any + Send>>>>;

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
    /// Values put off until the drop in progress has finished. It has no destructor, so it can be used while a thread
    /// shuts down; the outermost drop frees its memory.
    static WAITING: Waiting = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Drops `value` now, or after the drop that this thread is in the middle of.
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
    // Drop what `value` owned, and what that owned: each may put more on the list.
    while let Some(next) = WAITING.with(|waiting| waiting.borrow_mut().pop()) {
        drop(next);
    }
    // Free the memory of the list itself.
    WAITING.with(|waiting| drop(waiting.take()));
}
