//! `downhill-fuzz [programs] [first]`: runs this many random programs, starting at number `first`.

use std::process::ExitCode;
use std::time::Instant;

use downhill_fuzz::{elsewhere, run_all, take_down, watch};

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let (programs, first) = match numbers.as_deref() {
        Ok([]) => (100_000, 0),
        Ok([programs]) => (*programs, 0),
        Ok([programs, first]) => (*programs, *first),
        _ => {
            eprintln!("usage: downhill-fuzz [programs] [first]");
            return ExitCode::FAILURE;
        }
    };
    take_down();
    watch();
    downhill_tensor::set_threads(3);
    let (begun, last) = (Instant::now(), first + programs);
    let (mut steps, mut panics) = (0, 0);
    for start in (first..last).step_by(10_000) {
        match run_all(start..last.min(start + 10_000)) {
            Ok(outcome) => (steps, panics) = (steps + outcome.steps, panics + outcome.panics),
            Err(fault) => {
                eprintln!("{fault}");
                return ExitCode::FAILURE;
            }
        }
        let done = last.min(start + 10_000) - first;
        println!("{done} programs, {steps} steps, {panics} panics, {:.0} s", begun.elapsed().as_secs_f64());
    }
    for place in elsewhere() {
        println!("not at the user's line: {place}");
    }
    ExitCode::SUCCESS
}
