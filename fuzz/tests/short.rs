//! A short run of the random programs, in every build profile.

use downhill_fuzz::{run_all, take_down, watch};

#[test]
fn a_few_programs() {
    take_down();
    watch();
    downhill_tensor::set_threads(3);
    let outcome = run_all(0..3000);
    // The panic hook is silent, so the failure must be printed here.
    if let Err(fault) = &outcome {
        eprintln!("{fault}");
    }
    let outcome = outcome.expect("no program fails");
    // Some steps must panic and most must not, or the programs would test nothing.
    assert!((outcome.steps / 20..outcome.steps / 2).contains(&outcome.panics), "{outcome:?}");
}
