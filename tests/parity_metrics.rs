//! The comparisons of `parity/metrics.rs` with `data/golden/metrics.json`, one test each. The differences are in `docs/parity.md`.

use downhill_tests::parity::metrics;

#[test]
fn precision_recall_and_f1() {
    metrics::precision_recall_and_f1();
}

#[test]
fn rankings() {
    metrics::rankings();
}

#[test]
fn top_k() {
    metrics::top_k();
}

#[test]
fn regression() {
    metrics::regression();
}
