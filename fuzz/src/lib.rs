//! Random programs out of downhill's public operations, with hostile shapes, axes, strides and arrays. No safe program may
//! read or write memory that is not its own, and no tensor may contradict itself: under AddressSanitizer this shows the
//! former, by itself the latter. See `docs/safety.md` for the commands.

mod arrays;
mod panics;
mod program;
mod random;
mod shapes;
mod steps;
mod weird;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use panics::{elsewhere, take_down};
pub use program::{Outcome, run};

/// The program that is running.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// Runs the programs of these numbers.
///
/// # Errors
/// What is wrong with the first of them that is wrong.
pub fn run_all(seeds: Range<u64>) -> Result<Outcome, String> {
    let mut total = Outcome::default();
    for seed in seeds {
        RUNNING.store(seed, Ordering::Relaxed);
        match catch_unwind(|| run(seed)) {
            Ok(outcome) => {
                total.steps += outcome.steps;
                total.panics += outcome.panics;
            }
            Err(_) => return Err(format!("program {seed}: {}", panics::latest())),
        }
    }
    Ok(total)
}

/// Ends the process if a program takes longer than a minute.
pub fn watch() {
    std::thread::spawn(|| {
        loop {
            let before = RUNNING.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs(60));
            if RUNNING.load(Ordering::Relaxed) == before {
                eprintln!("program {before} takes for ever");
                std::process::exit(2);
            }
        }
    });
}
