//! Every rule under every option against PyTorch: `data/golden/optimizers.json` and `clip.json`, record by record. The
//! differences are in `docs/parity.md`.

use downhill_tests::parity::{Row, clip, lbfgs, optimizers};

#[track_caller]
fn assert_all_hold(rows: &[Row]) {
    let failed: Vec<String> = rows.iter().filter(|row| !row.holds()).map(|row| format!("{row:?}")).collect();
    assert!(failed.is_empty(), "{} of {} records differ:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

#[test]
fn rules_are_those_of_pytorch() {
    assert_all_hold(&optimizers::rows());
}

#[test]
fn lbfgs_is_that_of_pytorch() {
    assert_all_hold(&lbfgs::rows());
}

#[test]
fn clipping_is_that_of_pytorch() {
    assert_all_hold(&clip::rows());
}
