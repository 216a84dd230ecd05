//! The comparisons of `parity/operations.rs` with `data/golden/ops.json`, `more_ops.json` and `pooling.json`, one test each. The differences are in `docs/parity.md`.

use downhill::Tensor;
use downhill_tests::operations::compute;
use downhill_tests::parity::operations;

#[test]
fn values_and_derivatives_are_those_of_pytorch() {
    operations::values_and_derivatives_are_those_of_pytorch();
}

#[test]
fn pooling_padding_and_resizing() {
    operations::pooling_padding_and_resizing();
}

#[test]
fn chosen_maxima() {
    operations::chosen_maxima();
}

#[test]
fn values_and_gradients_at_the_edges() {
    operations::values_and_gradients_at_the_edges();
}

#[test]
fn indices_of_an_order() {
    operations::indices_of_an_order();
}

#[test]
fn reductions_over_empty_axes() {
    operations::reductions_over_empty_axes();
}

#[test]
fn extreme_arguments_in_both_types() {
    operations::extreme_arguments_in_both_types();
}

#[test]
#[should_panic(expected = "data/golden has the operation sine_integral, which is not in the list")]
fn an_unknown_operation_fails() {
    let record = serde_json::json!({ "op": "sine_integral", "params": {} });
    compute(&record, &[&Tensor::from(1.0_f64)]);
}
