//! Every schedule under every option against PyTorch: `data/golden/schedules.json`, record by record. The differences
//! are in `docs/parity.md`.

use downhill_tests::parity::{Row, plateau, schedules};

#[track_caller]
fn assert_all_hold(rows: &[Row]) {
    let failed: Vec<String> = rows.iter().filter(|row| !row.holds()).map(|row| format!("{row:?}")).collect();
    assert!(failed.is_empty(), "{} of {} records differ:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

#[test]
fn schedules_are_those_of_pytorch() {
    assert_all_hold(&schedules::rows());
}

#[test]
fn plateau_reduction_and_averages_are_those_of_pytorch() {
    assert_all_hold(&plateau::rows());
}
