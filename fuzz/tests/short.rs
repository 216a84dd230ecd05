//! A few of the programs, in every build profile.

use downhill_fuzz::{run_all, take_down, watch};

#[test]
fn a_few_programs() {
    take_down();
    watch();
    downhill_tensor::set_threads(3);
    let outcome = run_all(0..3000);
    // The hook is silent, so that this must be said by hand.
    if let Err(fault) = &outcome {
        eprintln!("{fault}");
    }
    let outcome = outcome.expect("no tensor contradicts itself");
    // Neither all right nor all wrong, or they would try nothing.
    assert!((outcome.steps / 20..outcome.steps / 2).contains(&outcome.panics), "{outcome:?}");
}
