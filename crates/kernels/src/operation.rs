//! The name of the current operation, for panic messages from code that does not know it.

use std::cell::Cell;

thread_local!(static NAME: Cell<&'static str> = const { Cell::new("tensor") });

/// Sets the current operation of this thread.
#[inline(always)]
pub fn begin(name: &'static str) {
    NAME.set(name);
}

/// The operation that this thread started most recently.
pub fn name() -> &'static str {
    NAME.get()
}
