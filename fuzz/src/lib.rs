//! Random programs of downhill's public operations, with hostile shapes, axes, strides and arrays. No safe program may
//! access memory out of bounds (AddressSanitizer finds that), and no tensor may be inconsistent (the programs check
//! that). See `docs/safety.md` for the commands.

mod arrays;
mod panics;
mod program;
mod random;
mod shapes;
mod steps;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use panics::{elsewhere, take_down};
pub use program::{Outcome, run};

/// The number of the program that is running.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// Runs the programs with these numbers.
///
/// # Errors
/// The first failure, with the number of its program.
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

/// Exits the process if a program takes longer than a minute.
pub fn watch() {
    std::thread::spawn(|| {
        loop {
            let before = RUNNING.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs(60));
            if RUNNING.load(Ordering::Relaxed) == before {
                eprintln!("program {before} takes longer than a minute");
                std::process::exit(2);
            }
        }
    });
}
