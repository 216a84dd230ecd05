//! What a planted fault asks: is it the one in force?

use std::sync::OnceLock;

/// Whether the environment variable `MUTANT` names the fault `number`.
#[inline]
pub fn on(number: u32) -> bool {
    static IN_FORCE: OnceLock<u32> = OnceLock::new();
    *IN_FORCE.get_or_init(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0)) == number
}
