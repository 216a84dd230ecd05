//! The comparisons of `parity/parametrizations.rs` with `data/golden/parametrizations.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::parametrizations;

#[test]
fn weight_norms() {
    parametrizations::weight_norms();
}

#[test]
fn spectral_norms() {
    parametrizations::spectral_norms();
}
