//! Wrong derivatives that must be caught, by the value that gives them away; and right ones that must pass.

mod model;
mod wrong;

use super::*;
use crate::{concat, keep};

fn entry(error: &GradcheckError) -> &Entry {
    match &error.problem {
        Problem::Wrong { entry, .. } => entry,
        other => panic!("expected a wrong entry: {other}"),
    }
}

fn suggestion(error: &GradcheckError) -> &str {
    match &error.problem {
        Problem::Wrong { suggestion, .. } => suggestion,
        other => panic!("expected a wrong entry: {other}"),
    }
}

#[test]
fn counts_names_and_values() {
    let x = Tensor::from([[0.5, -1.0, 2.0_f64], [1.5, 0.25, -0.5]]);
    let w = Tensor::from([1.0, 2.0, -1.0]);
    let report = gradcheck(|[x, w]| (x * w).exp().sum_axis(keep(1)), [&x, &w], Check::order(2)).unwrap();
    assert_eq!(report.op, "sum");
    // Two results, nine elements; then nine results, nine elements and the two of dy.
    assert_eq!(report.compared(), 2 * 9 + 9 * 11);
    assert_eq!(report.wrong(), 0);
    let names: Vec<&str> = report.inputs.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["x0", "x1", "x0", "x1", "dy"]);
    let orders: Vec<usize> = report.inputs.iter().map(|line| line.order).collect();
    assert_eq!(orders, [1, 1, 2, 2, 2]);
    // The largest first derivative by x is that at 2: |w|·exp(x·w) at (1.5, 1), (0.25, 2), ...: here 2·e^(0.5).
    let largest = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]]
        .iter()
        .flat_map(|row| row.iter().zip([1.0, 2.0, -1.0_f64]))
        .map(|(x, w)| (w * (x * w).exp()).abs())
        .fold(0.0, f64::max);
    assert!((report.inputs[0].largest - largest).abs() < 1e-9);
    assert!(report.worst().is_some_and(|worst| (worst.analytic - worst.numeric).abs() < 1e-8));
}

#[test]
fn four_orders() {
    let x = Tensor::from([0.7, -0.4_f64]);
    let report = gradcheck(|[x]| (x.powi(3) * x.exp()).sum(), [&x], Check::order(4)).unwrap();
    assert_eq!(report.inputs.iter().map(|line| line.order).max(), Some(4));
    assert_eq!(report.wrong(), 0);
}

#[test]
fn inputs_may_be_parameters_results_shared_or_used_twice() {
    let w = Tensor::param([1.0, 2.0_f64]);
    let result = w.exp();
    gradcheck(|[a, b]| a * b * a, [&w, &result], Check::order(2)).unwrap();
    gradcheck(|[a, b]| a * b, [&w, &w], Check::order(2)).unwrap();
    gradcheck(|[a]| concat(&[a, &a.square(), a], 0), [&w], Check::order(2)).unwrap();
    gradcheck(|[a]| a.clone(), [&w], Check::order(2)).unwrap();
}

#[test]
fn nothing_to_compare_is_no_error() {
    let empty = Tensor::<f64>::zeros(&[0, 3]);
    assert_eq!(gradcheck(|[x]| x.exp(), [&empty], Check::order(2)).unwrap().compared(), 0);
    let constant = gradcheck(|[_]| Tensor::from(2.0), [&Tensor::from(1.0_f64)], Check::order(2)).unwrap();
    assert_eq!(constant.wrong(), 0);
    assert!(constant.to_string().contains("not verified"), "{constant}");
}

#[test]
fn also_inside_no_grad() {
    crate::no_grad(|| gradcheck(|[x]| x.exp(), [&Tensor::from(1.0_f64)], Check::order(2)).unwrap());
}

#[test]
fn in_f32() {
    let x = Tensor::from([2.0_f32, -0.5, 100.0]);
    gradcheck(|[x]| x.powi(3), [&x], Check::order(2)).unwrap();
    // PyTorch's step size for f64, in f32: a difference of neighboring floats.
    let error = gradcheck(|[x]| x.powi(3), [&x], Check { step: Some(1e-6), ..Check::order(1) }).unwrap_err();
    assert!(suggestion(&error).contains("check in f64"), "{error}");
}

#[test]
fn along_random_directions() {
    let x = Tensor::from(vec![0.5_f64; 1000]) * 2.0;
    let check = Check { directions: Directions::Random(3), ..Check::order(2) };
    let report = gradcheck(|[x]| x.exp(), [&x], check.clone()).unwrap();
    assert_eq!(report.compared(), 3 + 2 * 3);
    // One wrong entry among a thousand.
    let hide_one = |x: &Tensor<f64>| concat(&[x.narrow(0, 0, 999), x.narrow(0, 999, 1).detach()], 0).exp();
    let check = Check { atol: Some(1e-9), ..check };
    let error = gradcheck(|[x]| hide_one(x), [&x], check).unwrap_err();
    assert_eq!(entry(&error).input_index, None);
    assert!(suggestion(&error).contains("Directions::Every"), "{error}");
}

#[test]
#[should_panic(expected = "the order must be at least 1")]
fn order_zero() {
    let _ = gradcheck(|[x]| x.exp(), [&Tensor::from(1.0)], Check::order(0));
}

#[test]
#[should_panic(expected = "the step must be positive")]
fn no_step() {
    let _ = gradcheck(|[x]| x.exp(), [&Tensor::from(1.0)], Check { step: Some(0.0), ..Check::default() });
}

#[test]
#[should_panic(expected = "add of [2] and [3]")]
fn the_functions_own_panic_passes_through() {
    let _ = gradcheck(|[x]| x + Tensor::from([1.0, 2.0, 3.0]), [&Tensor::from([1.0, 2.0])], Check::default());
}

/// A random direction of a scalar is 1 or -1, so the tolerance along it is that of an entry.
#[test]
fn the_tolerance_along_a_random_direction() {
    let check = Check { atol: Some(1e-4), rtol: Some(0.0), directions: Directions::Random(1), ..Check::default() };
    let report = gradcheck(|[x]| x.square(), [&Tensor::from(0.5_f64)], check).unwrap();
    let worst = report.inputs[0].worst.as_ref().expect("one was compared");
    assert!((worst.allowed / 1e-4 - 1.0).abs() < 1e-9, "{}", worst.allowed);
}
