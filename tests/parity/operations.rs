//! Every record of `data/golden/ops.json`, `more_ops.json` and `pooling.json`: values, gradients and second-order
//! quantities of all operations against PyTorch, and extreme arguments against exact mathematics.

use downhill::{Float, Tensor, grad, vjp};
use serde_json::Value;

use crate::golden::{assert_close, file, indices, records, tensor};
use crate::operations::{compute, compute_with_indices};
use crate::parity::ledger;

/// Both compute in f64; the remaining differences are due to the order of additions and the last bits of functions like
/// exp. The largest measured one is 6e-15 (1e-14 where the floor is 1), and products without fused multiply-add may
/// differ by a few ulps more.
const TOLERANCE: f64 = 2e-14;

/// The tolerance for a quantity of an operation, and the floor of [`assert_close`]: 1 where terms of about that size
/// cancel.
fn allowed(op: &str, what: &str) -> (f64, f64) {
    let output = what == "output";
    match op {
        // Measured: 2e-13, from dividing by third powers of deviations near 0.
        "std" if what.starts_with("second") => (1e-12, 1.0),
        // PyTorch computes x·½(1 + erf) and x·½(1 + tanh), which cancel at negative x.
        "gelu" | "gelu_tanh" => (TOLERANCE, 1.0),
        // In PyTorch, their derivatives are y + 1, 1 - y² and y·(1 - y).
        "expm1" | "tanh" | "sigmoid" | "log_sigmoid" | "softplus" | "silu" | "mish" if !output => (TOLERANCE, 1.0),
        "sum" | "mean" | "cumsum" | "matmul" | "scatter_add" | "var" | "std" | "norm" => (TOLERANCE, 1.0),
        "dot" | "tensordot" | "einsum" | "cosine_similarity" | "cdist" => (TOLERANCE, 1.0),
        // In PyTorch, their derivatives have 1 - x², which loses three digits at 0.999.
        "asin" | "acos" if !output => (1e-12, 1.0),
        "tan" | "atan2" | "cumprod" | "logcumsumexp" | "quantile" if !output => (TOLERANCE, 1.0),
        "logsumexp" | "softmax" | "log_softmax" | "prod" if !output => (TOLERANCE, 1.0),
        // Sums of a few products.
        "mul" | "div" | "pow_tensor" if !output => (TOLERANCE, 1.0),
        // Weighted sums, and sums of the gradients of windows that overlap.
        "avg_pool1d" | "avg_pool2d" | "adaptive_avg_pool1d" | "adaptive_avg_pool2d" | "interpolate" => (TOLERANCE, 1.0),
        "max_pool1d" | "max_pool2d" | "adaptive_max_pool1d" | "adaptive_max_pool2d" | "pad" if !output => {
            (TOLERANCE, 1.0)
        }
        _ => (TOLERANCE, 0.0),
    }
}

/// Every record of its section.
pub fn values_and_derivatives_are_those_of_pytorch() {
    compare_cases("ops.json", 595);
    compare_cases("more_ops.json", 178);
}

/// Every record of its section.
pub fn pooling_padding_and_resizing() {
    compare_cases("pooling.json", 96);
}

/// The maximum of elements that are equal, or NaN: which one it is, and which one gets the gradient.
pub fn chosen_maxima() {
    let golden = file("pooling.json");
    for (number, record) in records(&golden, "maxima", 8).iter().enumerate() {
        let x = Tensor::<f64>::param(tensor(&record["input"]));
        let (y, at) = compute_with_indices(record, &x);
        assert_close(&y, &tensor(&record["output"]), 0.0, 0.0, || describe(record, number, "output"));
        assert_eq!(at, indices(&record["indices"]), "{}", describe(record, number, "indices"));
        let [gradient] = vjp(&y, [&x], &tensor(&record["weights"]));
        assert_close(&gradient, &tensor(&record["grad"]), 0.0, 0.0, || describe(record, number, "grad"));
        assert_close(&compute(record, &[&x]), &y, 0.0, 0.0, || describe(record, number, "without indices"));
    }
}

/// Compares all records in the section `cases`.
fn compare_cases(name: &str, at_least: usize) {
    let golden = file(name);
    for (number, record) in records(&golden, "cases", at_least).iter().enumerate() {
        let inputs: Vec<Tensor<f64>> = record["inputs"].as_array().unwrap().iter().map(tensor).collect();
        let xs: Vec<Tensor<f64>> = inputs.iter().map(Tensor::param).collect();
        let cotangent = Tensor::param(tensor(&record["cotangent"]));
        let op = record["op"].as_str().unwrap();
        ledger::record(op, &record["params"]);
        let compare = |quantity: &'static str, what: &str, ours: &Tensor<f64>, theirs: &Value| {
            let (tolerance, floor) = allowed(op, what);
            let difference = assert_close(ours, &tensor(theirs), tolerance, floor, || describe(record, number, what));
            ledger::note(op, quantity, difference, tolerance);
        };

        let y = compute(record, &xs.iter().collect::<Vec<_>>());
        compare("value", "output", &y, &record["output"]);
        let gradients: Vec<Tensor<f64>> = xs.iter().flat_map(|x| vjp(&y, [x], &cotangent)).collect();
        for (i, gradient) in gradients.iter().enumerate() {
            compare("gradient", &format!("grads[{i}]"), gradient, &record["grads"][i]);
        }
        let along = |(i, g): (usize, &Tensor<f64>)| (g * tensor::<f64>(&record["directions"][i])).sum();
        let total = gradients.iter().enumerate().map(along).reduce(|a, b| a + b).unwrap();
        for (i, x) in xs.iter().enumerate() {
            let [second] = grad(&total, [x]);
            compare("second derivative", &format!("second[{i}]"), &second, &record["second"][i]);
        }
        let [jvp] = grad(&total, [&cotangent]);
        compare("second derivative", "jvp", &jvp, &record["jvp"]);
    }
}

/// Kinks, ties, NaN and infinity.
pub fn values_and_gradients_at_the_edges() {
    let golden = file("more_ops.json");
    for (number, record) in records(&golden, "edges", 33).iter().enumerate() {
        let inputs: Vec<Tensor<f64>> = record["inputs"].as_array().unwrap().iter().map(tensor).collect();
        let xs: Vec<Tensor<f64>> = inputs.iter().map(Tensor::param).collect();
        let y = compute(record, &xs.iter().collect::<Vec<_>>());
        // PyTorch's gradient of logcumsumexp, a difference of exponents as large as x, loses the digits before the point.
        let tolerance = if record["op"] == "logcumsumexp" { 1e-13 } else { 1e-15 };
        assert_close(&y, &tensor(&record["output"]), tolerance, 0.0, || describe(record, number, "output"));
        for (i, x) in xs.iter().enumerate() {
            let [gradient] = grad(&y.sum(), [x]);
            let theirs = tensor(&record["grads"][i]);
            assert_close(&gradient, &theirs, tolerance, 0.0, || describe(record, number, "gradient"));
        }
    }
}

/// Every record of its section.
pub fn indices_of_an_order() {
    let golden = file("more_ops.json");
    for (number, record) in records(&golden, "orders", 12).iter().enumerate() {
        let (x, params) = (tensor::<f64>(&record["input"]), &record["params"]);
        let ours = match record["op"].as_str() {
            Some("argsort") => x.argsort(-1, params["descending"] == true),
            _ => x.topk(2, -1, params["largest"] == true).1,
        };
        assert_eq!(ours, indices(&record["indices"]), "{}", describe(record, number, "indices"));
    }
}

/// Every record of its section.
pub fn reductions_over_empty_axes() {
    let golden = file("ops.json");
    for (number, record) in records(&golden, "empty", 9).iter().enumerate() {
        let x = Tensor::<f64>::param(tensor(&record["input"]));
        let y = compute(record, &[&x]);
        assert_close(&y, &tensor(&record["output"]), 0.0, 0.0, || describe(record, number, "output"));
        let [gradient] = grad(&y.sum(), [&x]);
        assert_close(&gradient, &tensor(&record["grad"]), 0.0, 0.0, || describe(record, number, "grad"));
    }
}

/// Against the exact values, rounded to the type, so that results more accurate than PyTorch's pass.
pub fn extreme_arguments_in_both_types() {
    let golden = file("ops.json");
    let (mut f32s, mut f64s) = (0, 0);
    for (number, record) in records(&golden, "extreme", 26).iter().enumerate() {
        match record["dtype"].as_str() {
            Some("f32") => {
                extreme::<f32>(record, number);
                f32s += 1;
            }
            Some("f64") => {
                extreme::<f64>(record, number);
                f64s += 1;
            }
            other => panic!("record {number}: element type {other:?}"),
        }
    }
    assert_eq!((f32s, f64s), (13, 13));
}

fn extreme<F: Float>(record: &Value, number: usize) {
    let x = Tensor::<F>::param(tensor(&record["input"]));
    let y = compute(record, &[&x]);
    let cotangent = record.get("cotangent").map_or_else(|| Tensor::ones(y.shape()), tensor);
    let [gradient] = vjp(&y, [&x], &cotangent);
    for (what, ours) in [("output", &y), ("grad", &gradient)] {
        let exact: Tensor<F> = tensor(&record[format!("exact_{what}")]);
        let theirs: Tensor<F> = tensor(&record[what]);
        assert!(ours.all_finite() || !exact.all_finite(), "{}", describe(record, number, what));
        for (i, ((ours, exact), theirs)) in ours.to_vec().iter().zip(exact.to_vec()).zip(theirs.to_vec()).enumerate() {
            // A few ulps, or about as close as PyTorch.
            let off = |value: F| (value - exact).abs().as_f64();
            // Subnormal numbers may be flushed to zero.
            let subnormal = F::min_positive_value().as_f64();
            let allowed = (8.0 * F::epsilon().as_f64() * exact.as_f64().abs()).max(2.0 * off(theirs)) + subnormal;
            assert!(
                *ours == exact || off(*ours) <= allowed,
                "{}, element {i} ({:e}): {ours:e}, exactly {exact:e}, PyTorch {theirs:e}",
                describe(record, number, what),
                x.to_vec()[i.min(x.len() - 1)],
            );
        }
    }
}

fn describe(record: &Value, number: usize, what: &str) -> String {
    format!("record {number}, {what} of {} with {}", record["op"], record["params"])
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[
    values_and_derivatives_are_those_of_pytorch,
    pooling_padding_and_resizing,
    chosen_maxima,
    values_and_gradients_at_the_edges,
    indices_of_an_order,
    reductions_over_empty_axes,
    extreme_arguments_in_both_types,
];
