//! Tells a planted fault whether it is the active one.

use std::sync::OnceLock;

/// Whether the environment variable `MUTANT` selects the fault `number`.
#[inline]
pub fn on(number: u32) -> bool {
    static IN_FORCE: OnceLock<u32> = OnceLock::new();
    *IN_FORCE.get_or_init(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0)) == number
}
