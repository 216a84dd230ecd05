//! A stack on which recursion ends after some thousand steps.

/// Runs `body` on a thread with 256 KiB of stack.
pub fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(body);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}
