//! The comparisons of `parity/networks.rs` with `data/golden/networks.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::networks;

#[test]
fn lenet() {
    networks::lenet();
}

#[test]
fn batch_normalization() {
    networks::batch_normalization();
}

#[test]
fn lstm() {
    networks::lstm();
}
