//! The gradient where the function is not differentiable: at kinks, ties and domain boundaries, and at NaN and
//! infinity. The values are PyTorch's (`data/golden/kinks.json`); every row of that table is a test here, which checks
//! some values by hand and compares all records that belong to the row.

use downhill::{Tensor, grad, where_};
use downhill_tests::golden::{assert_close, file, list, records, tensor};
use downhill_tests::operations::compute;
use serde_json::Value;

/// The derivative of a function of one variable.
fn slope(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, at: f64) -> f64 {
    let x = Tensor::param(at);
    let [slope] = grad(&f(&x), [&x]);
    slope.item()
}

/// The gradient of a function of several variables.
fn gradient(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, at: &[f64]) -> Vec<f64> {
    let x = Tensor::param(at);
    let [gradient] = grad(&f(&x).sum(), [&x]);
    gradient.to_vec()
}

/// The row of the table, and thus the test, that a record belongs to.
fn row(record: &Value) -> &'static str {
    let finite = list(&record["inputs"]).iter().all(|x| tensor::<f64>(x).all_finite());
    match record["op"].as_str().unwrap() {
        _ if !finite => "NaN and infinity",
        "relu" | "threshold" | "relu6" | "hardtanh" | "hardsigmoid" | "hardswish" => "relu and its like",
        "leaky_relu" => "leaky_relu",
        "elu" | "selu" | "softsign" => "elu and its like",
        "softplus" => "softplus",
        "abs" | "sign" => "abs and sign",
        "clamp" => "clamp",
        "maximum" | "minimum" => "maximum and minimum",
        "max" | "min" | "median" => "shared ties",
        "max_with_index" | "min_with_index" | "cummax" => "selected index",
        "sqrt" | "rsqrt" | "recip" | "ln" | "log1p" | "div" => "edges of a domain",
        "pow" | "pow_tensor" => "powers",
        "norm" | "std" | "var" => "norms and deviations",
        "xlogy" => "xlogy",
        "prod" => "products",
        "where_sqrt" => "where trap",
        "sigmoid" => "far out",
        other => panic!("kinks.json has {other}, which is in no row of the table"),
    }
}

/// Our gradient at NaN and infinity where it differs from PyTorch's. PyTorch's comparisons send NaN down one of the
/// branches; our gradient is NaN or passes through, so neither hides that something went wrong. The derivative of
/// softsign at infinity is 0, and so is that of logsumexp at -inf, where PyTorch subtracts infinities.
fn ours(op: &str, at: f64) -> Option<f64> {
    match op {
        "abs" | "elu" | "selu" | "hardswish" if at.is_nan() => Some(f64::NAN),
        "clamp" if at.is_nan() => Some(1.0),
        "softsign" if at.is_infinite() => Some(0.0),
        "logsumexp" if at == f64::NEG_INFINITY => Some(0.0),
        _ => None,
    }
}

/// Compares all records of a row, and asserts that there are `count`.
#[track_caller]
fn check(name: &str, count: usize) {
    let golden = file("kinks.json");
    let of_the_row = records(&golden, "cases", 91).iter().filter(|record| row(record) == name);
    let mut found = 0;
    for record in of_the_row {
        found += 1;
        let inputs = list(&record["inputs"]);
        let xs: Vec<Tensor<f64>> = inputs.iter().map(|x| Tensor::param(tensor(x))).collect();
        let y = compute(record, &xs.iter().collect::<Vec<_>>());
        // PyTorch's 1/6 is rounded to f32.
        let tolerance = if record["op"] == "hardsigmoid" { 3e-8 } else { 1e-14 };
        let what = |of: &str| format!("{of} of {} with {} at {}", record["op"], record["params"], record["inputs"]);
        assert_close(&y, &tensor(&record["output"]), tolerance, 0.0, || what("output"));
        for (i, x) in xs.iter().enumerate() {
            let [gradient] = grad(&y.sum(), [x]);
            let mut theirs = tensor::<f64>(&record["grads"][i]);
            for (theirs, &at) in theirs.data_mut().iter_mut().zip(x.view()) {
                *theirs = ours(record["op"].as_str().unwrap(), at).unwrap_or(*theirs);
            }
            assert_close(&gradient, &theirs, tolerance, 0.0, || what(&format!("gradient {i}")));
        }
    }
    assert_eq!(found, count, "records of the row {name}");
}

#[test]
fn relu_threshold_relu6_hardtanh_hardsigmoid_at_the_kinks_0() {
    assert_eq!(slope(|x| x.relu(), 0.0), 0.0);
    assert_eq!(gradient(|x| x.relu6(), &[0.0, 6.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.hardtanh(), &[-1.0, 1.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.hardsigmoid(), &[-3.0, 3.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| where_(&x.gt(1.0), x, 20.0), &[1.0, 1.5]), [0.0, 1.0]);
    check("relu and its like", 7);
}

#[test]
fn leaky_relu_at_0_the_negative_slope() {
    assert_eq!(slope(|x| x.leaky_relu(0.2), 0.0), 0.2);
    check("leaky_relu", 2);
}

/// With alpha 1 there is no kink; otherwise the derivative at 0 is that of the left side, alpha.
#[test]
fn elu_at_0_1() {
    assert_eq!(slope(|x| x.elu(1.0), 0.0), 1.0);
    assert_eq!(slope(|x| x.elu(0.5), 0.0), 0.5);
    check("elu and its like", 4);
}

/// PyTorch switches to the line x at 20 (the records are compared with that formula); ours does not.
#[test]
fn softplus_at_the_threshold() {
    let error = slope(|x| x.softplus(), 20.1) - 1.0 / (1.0 + (-20.1_f64).exp());
    assert!(error.abs() < 1e-16);
    check("softplus", 1);
}

#[test]
fn abs_and_sign_at_0_0() {
    assert_eq!(gradient(|x| x.abs(), &[0.0, -0.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.sign(), &[0.0, 2.0]), [0.0, 0.0]);
    check("abs and sign", 2);
}

#[test]
fn clamp_exactly_at_a_bound_0() {
    assert_eq!(gradient(|x| x.clamp(-1.0, 1.0), &[-1.0, 1.0]), [0.0, 0.0]);
    assert_eq!(slope(|x| x.clamp_min(-1.0), -1.0), 0.0);
    assert_eq!(slope(|x| x.clamp_max(1.0), 1.0), 0.0);
    check("clamp", 3);
}

#[test]
fn maximum_and_minimum_of_equal_values_half_each() {
    let (a, b) = (Tensor::param(3.0_f64), Tensor::param(3.0));
    for y in [a.maximum(&b), a.minimum(&b)] {
        assert_eq!(grad(&y, [&a, &b]).map(|g| g.item()), [0.5, 0.5]);
    }
    // A tensor with itself: the gradient counts once.
    assert_eq!(slope(|x| x.maximum(x), 3.0), 1.0);
    check("maximum and minimum", 3);
}

#[test]
fn max_min_and_median_with_ties_shared_equally() {
    assert_eq!(gradient(|x| x.max(), &[7.0, 1.0, 7.0]), [0.5, 0.0, 0.5]);
    assert_eq!(gradient(|x| x.min_axis(0), &[2.0, 2.0, 2.0, 5.0]), [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0]);
    check("shared ties", 6);
}

/// PyTorch's `max(axis)` with values and indices, and `cummax`; here, `gather` at an `argmax`.
#[test]
fn the_selected_index_takes_all() {
    let largest = |x: &Tensor<f64>| x.gather(0, &x.argmax(0).insert_axis(ndarray::Axis(0)));
    assert_eq!(gradient(largest, &[1.0, 3.0, 3.0]), [0.0, 1.0, 0.0]);
    check("selected index", 3);
}

#[test]
fn sqrt_of_0_power_one_half_of_0_and_ln_of_0_infinite() {
    assert_eq!(slope(|x| x.sqrt(), 0.0), f64::INFINITY);
    assert_eq!(slope(|x| x.powf(0.5), 0.0), f64::INFINITY);
    assert_eq!(slope(|x| x.ln(), 0.0), f64::INFINITY);
    check("edges of a domain", 8);
}

#[test]
fn norm_2_of_zeros_and_deviation_of_a_constant_0() {
    assert_eq!(gradient(|x| x.norm(2.0), &[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(gradient(|x| x.std(), &[5.0, 5.0, 5.0]), [0.0, 0.0, 0.0]);
    check("norms and deviations", 11);
}

#[test]
fn norm_infinity_with_ties_shared_with_signs() {
    assert_eq!(gradient(|x| x.norm(f64::INFINITY), &[2.0, -2.0, 1.0]), [0.5, -0.5, 0.0]);
}

#[test]
fn powers_at_0_and_of_negative_bases() {
    assert_eq!(slope(|x| x.powf(0.0), 0.0), 0.0);
    let by_exponent = |base: f64, exponent: f64| slope(|y| Tensor::from(base).pow(y), exponent);
    assert_eq!([by_exponent(0.0, 0.0), by_exponent(0.0, 2.0)], [0.0, 0.0]);
    assert!(by_exponent(-2.0, 3.0).is_nan());
    check("powers", 9);
}

#[test]
fn xlogy_of_zeros_0_for_x_and_nan_for_y() {
    let (x, y) = (Tensor::param(0.0_f64), Tensor::param(0.0));
    let [by_x, by_y] = grad(&x.xlogy(&y), [&x, &y]);
    assert_eq!(by_x.item(), 0.0);
    assert!(by_y.item().is_nan());
    check("xlogy", 1);
}

#[test]
fn prod_with_zeros_the_exact_product_of_the_others() {
    assert_eq!(gradient(|x| x.prod(), &[2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]);
    assert_eq!(gradient(|x| x.prod(), &[0.0, 2.0, 0.0]), [0.0, 0.0, 0.0]);
    check("products", 3);
}

/// Documented at `where_`, with the solution, which is the second half of this test.
#[test]
fn the_where_trap_is_nan() {
    let trap = |x: &Tensor<f64>| where_(&x.gt(0.0), x.sqrt(), 0.0);
    assert_eq!(trap(&Tensor::from(0.0)).item(), 0.0);
    assert!(slope(trap, 0.0).is_nan());
    check("where trap", 1);

    let safe = |x: &Tensor<f64>| where_(&x.gt(0.0), where_(&x.gt(0.0), x, 1.0).sqrt(), 0.0);
    assert_eq!(gradient(safe, &[0.0, 4.0]), [0.0, 0.25]);
}

#[test]
fn sigmoid_far_out_0_and_not_nan() {
    assert_eq!(gradient(|x| x.sigmoid(), &[-800.0, 800.0]), [0.0, 0.0]);
    check("far out", 1);
}

#[test]
fn nan_and_infinity_pass_as_in_pytorch() {
    check("NaN and infinity", 26);
}

#[test]
fn every_record_belongs_to_a_row() {
    let golden = file("kinks.json");
    for record in records(&golden, "cases", 91) {
        row(record);
    }
    // The counts passed to `check` above.
    assert_eq!(7 + 2 + 4 + 1 + 2 + 3 + 3 + 6 + 3 + 8 + 11 + 9 + 1 + 3 + 1 + 1 + 26, 91);
}
