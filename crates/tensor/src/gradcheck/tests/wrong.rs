//! One mistake each.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::{Elements, Float, Op, apply};

/// An operation on one tensor whose derivative rule is a function, so that a test can get it wrong.
struct WithRule<R>(&'static str, fn(f64) -> f64, R);

impl<R> Op<f64, 1> for WithRule<R>
where
    R: Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static + Clone,
{
    fn name(&self) -> &'static str {
        self.0
    }

    fn forward(&mut self, [x]: [&Elements<f64>; 1]) -> Elements<f64> {
        let x = x.view();
        x.mapv(self.1).into()
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<f64>; 1], _y: &Tensor<f64>, dy: &Tensor<f64>) -> Tensor<f64> {
        (self.2)(x, dy)
    }
}

/// Checks `function` with a derivative rule, at three points.
fn check<R>(name: &'static str, function: fn(f64) -> f64, rule: R, check: Check) -> Result<Report, GradcheckError>
where
    R: Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static + Clone,
{
    let x = Tensor::from([0.5, -1.0, 2.0]);
    gradcheck(|[x]| apply(WithRule(name, function, rule.clone()), [x]), [&x], check)
}

#[test]
fn the_right_rule_passes() {
    check("cosine", f64::cos, |x, dy| dy * -sine(x), Check::order(1)).unwrap();
}

fn sine(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::from(x.to_array().mapv(f64::sin))
}

#[test]
fn a_wrong_sign() {
    let error = check("cosine", f64::cos, |x, dy| dy * sine(x), Check::order(1)).unwrap_err();
    assert_eq!(error.report.op, "cosine");
    let entry = entry(&error);
    assert_eq!((entry.order, entry.input), (1, 0));
    // The worst of the three relative to its tolerance: the largest sine.
    assert_eq!(entry.input_index, Some(vec![2]));
    assert_eq!(entry.output_index, Some(vec![2]));
    assert!((entry.numeric + 2.0_f64.sin()).abs() < 1e-9 && entry.analytic == 2.0_f64.sin());
    assert!(suggestion(&error).contains("sign"), "{error}");
    let text = error.to_string();
    for part in ["gradcheck of cosine at order 1", "∂y[2]/∂x0[2]", "numeric -9.0929742", "analytic 9.0929742"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert_eq!(text, format!("{error:?}"), "unwrap shows Debug");
}

#[test]
fn a_wrong_factor() {
    let error = check("cube", |x| x * x * x, |x, dy| dy * x.square() * 2.0, Check::order(1)).unwrap_err();
    assert!(suggestion(&error).contains("0.666667 times"), "{error}");
}

/// So close that it passes PyTorch's tolerances, but not stricter ones.
#[test]
fn a_factor_off_by_a_two_thousandth() {
    let rule = |x: &Tensor<f64>, dy: &Tensor<f64>| dy * x.square() * 3.0015;
    check("cube", |x| x * x * x, rule, Check::order(1)).unwrap();
    let closer = Check { rtol: Some(1e-6), atol: Some(1e-7), ..Check::order(1) };
    check("cube", |x| x * x * x, rule, closer).unwrap_err();
}

#[test]
fn a_missing_term() {
    let error = check("square", |x| x * x, |_, dy| dy * 0.0, Check::order(1)).unwrap_err();
    assert!(suggestion(&error).contains("no gradient arrives"), "{error}");
}

#[test]
fn a_gradient_from_nowhere() {
    let error = check("floor", f64::floor, |_, dy| dy * 0.25, Check::order(1)).unwrap_err();
    // The function jumps at -1 and 2, and is flat at 0.5.
    assert!(error.report.wrong() >= 1);
    let x = Tensor::from(0.5);
    let floor = || WithRule("floor", f64::floor, |_: &Tensor<f64>, dy: &Tensor<f64>| dy * 0.25);
    let error = gradcheck(|[x]| apply(floor(), [x]), [&x], Check::order(1)).unwrap_err();
    assert!(suggestion(&error).contains("where the function does not change"), "{error}");
}

/// The rule gives the right value, but with something that records nothing.
#[test]
fn right_at_first_order_wrong_at_second() {
    let rule = |x: &Tensor<f64>, dy: &Tensor<f64>| dy * (&x.detach() * 2.0);
    check("square", |x| x * x, rule, Check::order(1)).unwrap();
    let error = check("square", |x| x * x, rule, Check::order(2)).unwrap_err();
    let entry = entry(&error);
    assert_eq!((entry.order, entry.input, entry.analytic), (2, 0, 0.0));
    assert_eq!((entry.output.as_str(), entry.input_name.as_str()), ("dx0", "x0"));
}

/// Right where `dy` is 1, as in every test that only sums.
#[test]
fn not_linear_in_dy() {
    let error = check("square", |x| x * x, |x, dy| dy.square() * x * 2.0, Check::order(1)).unwrap_err();
    assert!(matches!(&error.problem, Problem::NotLinear { input } if input == "x0"), "{error}");
    let absolute = |x: &Tensor<f64>, dy: &Tensor<f64>| Tensor::from(dy.to_array().mapv(f64::abs)) * x * 2.0;
    check("square", |x| x * x, absolute, Check::order(1)).unwrap_err();
}

#[test]
fn a_gradient_that_is_not_zero_for_zero() {
    let error = check("square", |x| x * x, |x, dy| dy * x * 2.0 + 1.0, Check::order(1)).unwrap_err();
    assert!(matches!(&error.problem, Problem::ZeroNotKept { input, value } if input == "x0" && *value == 1.0));
    // An infinite derivative turns zero into NaN.
    let error = gradcheck(|[x]| x.ln(), [&Tensor::from(0.0_f64)], Check::order(1)).unwrap_err();
    assert!(matches!(error.problem, Problem::ZeroNotKept { value, .. } if value.is_nan()), "{error}");
}

#[test]
fn not_a_number() {
    let error = check("root", f64::sqrt, |x, dy| dy / (root(x) * 2.0), Check::order(1)).unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
    // Finite values, and a rule that is not.
    let rule = |x: &Tensor<f64>, dy: &Tensor<f64>| dy * x * (f64::MAX * 8.0);
    let error = check("overflow", |x| x, rule, Check::order(1)).unwrap_err();
    assert!(matches!(error.problem, Problem::ZeroNotKept { .. }), "{error}");
    let rule = |x: &Tensor<f64>, dy: &Tensor<f64>| dy * x * 1e200 * 1e200;
    let error = check("overflow", |x| x, rule, Check::order(1)).unwrap_err();
    assert!(suggestion(&error).contains("its derivative rule is not"), "{error}");
}

fn root(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::from(x.to_array().mapv(f64::sqrt))
}

#[test]
fn a_gradient_of_the_wrong_shape() {
    let error = check("square", |x| x * x, |x, dy| (dy * x).sum() * 2.0, Check::order(1)).unwrap_err();
    let Problem::Panicked { message } = &error.problem else { panic!("{error}") };
    assert!(message.contains("square: the derivative rule returned shape []"), "{message}");
}

#[test]
fn a_gradient_that_changes() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let rule = |x: &Tensor<f64>, dy: &Tensor<f64>| dy * x * (2.0 + 1e-9 * CALLS.fetch_add(1, Ordering::Relaxed) as f64);
    let error = check("square", |x| x * x, rule, Check::order(1)).unwrap_err();
    assert!(matches!(error.problem, Problem::GradientNotRepeatable), "{error}");
}

#[test]
fn a_value_that_changes() {
    let calls = Cell::new(0.0);
    let noisy = |x: &Tensor<f64>| {
        calls.set(calls.get() + 1e-9);
        x * calls.get()
    };
    let error = gradcheck(|[x]| noisy(x), [&Tensor::from(1.0)], Check::order(1)).unwrap_err();
    assert!(matches!(error.problem, Problem::ValueNotRepeatable), "{error}");
}

/// The product of a row with a matrix; the gradient of the row is one row instead of the sum over all.
struct ForgetsToSum;

impl<F: Float> Op<F, 2> for ForgetsToSum {
    fn name(&self) -> &'static str {
        "forgets_to_sum"
    }

    fn forward(&mut self, [matrix, row]: [&Elements<F>; 2]) -> Elements<F> {
        let (matrix, row) = (matrix.view(), row.view());
        (&matrix * &row).into()
    }

    fn vjp(&self, wrt: usize, [matrix, row]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy * row,
            _ => (dy * matrix).narrow(0, 0, 1),
        }
    }
}

#[test]
fn a_broadcast_that_is_not_undone() {
    let (matrix, row) = (Tensor::from([[1.0, 2.0], [3.0, 4.0_f64]]), Tensor::from([[0.5, -1.0]]));
    let error = gradcheck(|[m, r]| apply(ForgetsToSum, [m, r]), [&matrix, &row], Check::order(1)).unwrap_err();
    assert_eq!(entry(&error).input, 1);
    assert_eq!(error.report.inputs[0].wrong, 0);
    // The second row of the result depends on the row, but the rule ignores it: two wrong entries.
    assert_eq!(error.report.inputs[1].wrong, 2);
    // With a matrix of one row nothing is broadcast, and the mistake does not show.
    let one = Tensor::from([[1.0, 2.0]]);
    gradcheck(|[m, r]| apply(ForgetsToSum, [m, r]), [&one, &row], Check::order(1)).unwrap();
}

/// `(f(x + h) - f(x - h)) / 2h` is infinite, and so is a tolerance relative to it.
#[test]
fn an_infinite_difference_allows_nothing() {
    let edge = f64::MAX.ln() - 1e-6;
    let error = gradcheck(|[x]| x.exp(), [&Tensor::from(edge)], Check::order(1)).unwrap_err();
    assert!(entry(&error).numeric == f64::INFINITY && entry(&error).analytic.is_finite(), "{error}");
    assert!(suggestion(&error).contains("the function is not finite around this point"), "{error}");
}

#[test]
fn lost_in_the_rounding_of_a_large_sum() {
    let x = Tensor::from([1.0, 30.0_f32]);
    let error = gradcheck(|[x]| x.powi(5).sum(), [&x], Check::order(1)).unwrap_err();
    assert!(suggestion(&error).contains("rounding error alone"), "{error}");
    gradcheck(|[x]| x.powi(5).sum(), [&Tensor::from([1.0, 30.0_f64])], Check::order(1)).unwrap();
}

#[test]
fn at_a_kink_neither_is_right() {
    let error = gradcheck(|[x]| x.relu(), [&Tensor::from([1.0, 0.0])], Check::order(1)).unwrap_err();
    assert_eq!((entry(&error).numeric, entry(&error).analytic), (0.5, 0.0));
    assert!(suggestion(&error).contains("x0[1] differ by 1.000e0 however small the step"), "{error}");
}

#[test]
fn nearer_to_a_kink_than_the_step() {
    let check = Check { step: Some(1e-2), ..Check::order(1) };
    let error = gradcheck(|[x]| x.relu(), [&Tensor::from([1.0, 3e-3])], check).unwrap_err();
    assert!(suggestion(&error).contains("too large, or a kink is nearer"), "{error}");
}

#[test]
fn a_step_too_small() {
    let check = Check { step: Some(1e-14), ..Check::order(1) };
    let error = gradcheck(|[x]| x.exp(), [&Tensor::from([1.0, 2.5])], check).unwrap_err();
    assert!(suggestion(&error).contains("larger step"), "{error}");
}
