//! A stack that overflows after a few thousand levels of recursion.

/// Runs `body` on a thread with a 256 KiB stack.
pub fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(body);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}
