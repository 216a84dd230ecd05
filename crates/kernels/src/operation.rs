//! The name of the operation in progress, for a message from deep inside.

use std::cell::Cell;

thread_local!(static NAME: Cell<&'static str> = const { Cell::new("tensor") });

/// From here on, this thread computes the operation `name`.
#[inline(always)]
pub fn begin(name: &'static str) {
    NAME.set(name);
}

/// The latest operation that this thread has begun.
pub fn name() -> &'static str {
    NAME.get()
}
