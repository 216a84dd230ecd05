//! The comparisons of `parity/losses.rs` with `data/golden/losses.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::losses;

#[test]
fn losses_are_those_of_pytorch() {
    losses::losses_are_those_of_pytorch();
}
