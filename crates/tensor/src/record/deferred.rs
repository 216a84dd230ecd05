//! Dropping without recursion what may hold tensors somewhere inside: an operation of a user's may own a tensor whose
//! record has such an operation, and so on, and nothing tells how deep.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

type Waiting = ManuallyDrop<RefCell<Vec<Box<dyn Any + Send>>>>;

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
    /// What the drop in progress has come across. Without a destructor of its own, and so usable while a thread ends; it is
    /// left without memory.
    static WAITING: Waiting = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Drops `value` at once, or if this thread is in the middle of such a drop, after it.
pub(super) fn drop_in_turn<T: Send + 'static>(value: T) {
    if DROPPING.get() {
        return WAITING.with(|waiting| waiting.borrow_mut().push(Box::new(value)));
    }
    /// Also if a destructor panics: the rest waits for the next drop.
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
    WAITING.with(|waiting| drop(waiting.take()));
}
