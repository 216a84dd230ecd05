//! A word to those who run a program that was built without any optimisation.

use std::sync::Once;

/// A product of so many multiplications takes about as long as starting the program.
const LARGE: usize = 1 << 20;

/// Says once, on standard error, that the program is slow for no reason, if this crate is compiled without optimisation and the
/// operation is large enough to feel it. The environment variable `DOWNHILL_UNOPTIMIZED` silences it.
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
