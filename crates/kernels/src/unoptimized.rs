//! A notice for programs that were built without optimization.

use std::sync::Once;

/// The product of this many multiplications takes about as long as starting the program.
const LARGE: usize = 1 << 20;

/// Prints a notice to standard error, once, if this crate was compiled without optimization and a matrix product is
/// large enough for that to matter. The environment variable `DOWNHILL_UNOPTIMIZED` silences it.
#[inline(always)]
pub(crate) fn notice(multiplications: usize) {
    static SAID: Once = Once::new();
    if cfg!(unoptimized) && multiplications >= LARGE {
        SAID.call_once(|| {
            if std::env::var_os("DOWNHILL_UNOPTIMIZED").is_none() {
                eprintln!(
                    "downhill: this program is built without optimization and will be very slow. Add these two lines to its \
                     Cargo.toml (or run with --release):\n\n    [profile.dev.package.\"*\"]\n    opt-level = 3\n\n\
                     Set the environment variable DOWNHILL_UNOPTIMIZED to silence this."
                );
            }
        });
    }
}
