//! Computing without recording.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Runs `body` without recording operations: the results are constants. Affects this thread only, until `body` returns
/// or panics.
///
/// It is never needed for correctness; it saves the memory that recording a large evaluation would take.
///
/// ```
/// use downhill_tensor::{Tensor, no_grad};
/// let w = Tensor::param([1.0, 2.0]);
/// assert!(!no_grad(|| w.exp()).requires_grad());
/// assert!(w.exp().requires_grad());
/// ```
pub fn no_grad<T>(body: impl FnOnce() -> T) -> T {
    with_recording(false, body)
}

/// Whether this thread is recording operations.
pub fn is_recording() -> bool {
    RECORDING.get()
}

pub(crate) fn with_recording<T>(on: bool, body: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    body()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_turns_recording_back_on() {
        let caught = std::panic::catch_unwind(|| no_grad(|| panic!("inside")));
        assert!(caught.is_err() && is_recording());
    }

    #[test]
    fn scopes_nest() {
        no_grad(|| {
            no_grad(|| assert!(!is_recording()));
            assert!(!is_recording());
        });
        assert!(is_recording());
    }
}
