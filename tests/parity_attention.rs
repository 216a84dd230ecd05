//! The comparisons of `parity/attention.rs` with `data/golden/attention.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::attention;

#[test]
fn attention() {
    attention::attention();
}

#[test]
fn several_heads() {
    attention::several_heads();
}

#[test]
fn blocks() {
    attention::blocks();
}

#[test]
fn where_they_start() {
    attention::where_they_start();
}

#[test]
fn the_losses_of_two_blocks() {
    attention::the_losses_of_two_blocks();
}
