//! The comparisons of `parity/convolutions.rs` with `data/golden/convolutions.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::convolutions;

#[test]
fn layers() {
    convolutions::layers();
}

#[test]
fn patches() {
    convolutions::patches();
}
