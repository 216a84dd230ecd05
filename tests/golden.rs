//! Reads `data/golden`: values from PyTorch, with all their digits.

use downhill::{Float, Tensor, grad_many, vjp_many};
use ndarray::ArrayD;
use serde_json::Value;

use crate::parity::ledger;

/// A file of `data/golden`.
///
/// # Panics
/// If it is missing or not JSON.
pub fn file(name: &str) -> Value {
    let path = format!("{}/../data/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The records of a section of a file.
///
/// # Panics
/// If there are fewer than `at_least`: a test of an empty file would always pass.
pub fn records<'a>(file: &'a Value, section: &str, at_least: usize) -> &'a [Value] {
    let records = file[section].as_array().unwrap_or_else(|| panic!("no section {section}"));
    assert!(records.len() >= at_least, "section {section} has {} records, not {at_least}", records.len());
    records
}

/// An array of floats `{"shape": .., "data": ..}`, with NaN and the infinities as strings.
///
/// # Panics
/// If it is something else.
pub fn tensor<F: Float>(value: &Value) -> Tensor<F> {
    let shape: Vec<usize> = list(&value["shape"]).iter().map(integer).collect();
    let elements = list(&value["data"]).iter().map(|x| F::from_f64(float(x))).collect();
    Tensor::from(ArrayD::from_shape_vec(shape, elements).expect("as many elements as the shape requires"))
}

/// An array of integers.
///
/// # Panics
/// If it is something else.
pub fn indices(value: &Value) -> ArrayD<usize> {
    let shape: Vec<usize> = list(&value["shape"]).iter().map(integer).collect();
    let elements = list(&value["data"]).iter().map(integer).collect();
    ArrayD::from_shape_vec(shape, elements).expect("as many elements as the shape requires")
}

/// A number, or one of the strings `"nan"`, `"inf"`, `"-inf"`.
///
/// # Panics
/// If it is something else.
pub fn float(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{text} is not a number")),
        None => value.as_f64().unwrap_or_else(|| panic!("{value} is not a number")),
    }
}

/// A nonnegative integer.
///
/// # Panics
/// If it is something else.
pub fn integer(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not an integer")) as usize
}

/// A list.
///
/// # Panics
/// If it is something else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is not a list"))
}

/// The largest finite magnitude among the elements, or 0 if there is none: an estimate of the size of the terms in a
/// sum.
pub fn largest<F: Float>(x: &Tensor<F>) -> f64 {
    x.to_vec().into_iter().map(|x| x.as_f64().abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
}

/// Asserts that all elements agree: `|ours - theirs| <= tolerance·max(floor, |theirs|)`; NaN agrees with NaN, and an
/// infinity with itself.
///
/// The floor is the size of the terms that cancel in an element: 0 where none do, so that even the smallest results are
/// compared to their last digits.
///
/// Returns the largest of the quotients `|ours - theirs|/max(floor, |theirs|)`.
///
/// # Panics
/// If they do not agree; the message contains `what`.
#[track_caller]
pub fn assert_close<F: Float>(
    ours: &Tensor<F>,
    theirs: &Tensor<F>,
    tolerance: f64,
    floor: f64,
    what: impl Fn() -> String,
) -> f64 {
    let mut largest = 0.0_f64;
    assert!(ours.shape() == theirs.shape(), "{}: shape {:?}, not {:?}", what(), ours.shape(), theirs.shape());
    for (i, (a, b)) in ours.to_vec().into_iter().zip(theirs.to_vec()).enumerate() {
        let (x, y) = (a.as_f64(), b.as_f64());
        if x == y || (x.is_nan() && y.is_nan()) {
            continue;
        }
        let close = y.is_finite() && (x - y).abs() <= tolerance * y.abs().max(floor);
        assert!(close, "{}, element {i}: {a:e}, not {b:e} (off by {:e})", what(), (x - y).abs());
        largest = largest.max((x - y).abs() / y.abs().max(floor));
    }
    largest
}

/// Like `derivatives` in `data/golden/common.py`: checks the output of `f` for the record's inputs, its gradients and the
/// second-order quantities, relative to the element, or to 1 if that is larger, the size of the terms that cancel in it.
/// `name` and `options` are what the table shows.
///
/// # Panics
/// If one differs by more than `tolerance`.
#[track_caller]
pub fn check_derivatives(
    name: &str,
    options: &Value,
    record: &Value,
    tolerance: f64,
    f: impl FnOnce(&[Tensor<f64>]) -> Tensor<f64>,
) {
    ledger::record(name, options);
    let compare = |what: &'static str, i: usize, ours: &Tensor<f64>, theirs: &Value| {
        let context = || format!("{name} with {options} of {}: {what} {i}", record["inputs"][0]["shape"]);
        ledger::note(name, what, assert_close(ours, &tensor(theirs), tolerance, 1.0, context), tolerance);
    };
    let mut xs: Vec<Tensor<f64>> = list(&record["inputs"]).iter().map(|x| Tensor::param(tensor(x))).collect();
    let cotangent = Tensor::param(tensor(&record["cotangent"]));
    let y = f(&xs);
    compare("value", 0, &y, &record["output"]);
    let mut total = Tensor::zeros(&[]);
    for (i, gradient) in vjp_many(&y, &xs, &cotangent).iter().enumerate() {
        compare("gradient", i, gradient, &record["grads"][i]);
        total += (gradient * tensor(&record["directions"][i])).sum();
    }
    xs.push(cotangent);
    let theirs: Vec<&Value> = list(&record["second"]).iter().chain([&record["jvp"]]).collect();
    let ours = grad_many(&total, &xs);
    assert!(ours.len() == theirs.len(), "{name}: one second derivative per argument");
    for (i, (second, theirs)) in ours.iter().zip(theirs).enumerate() {
        compare("second derivative", i, second, theirs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(ours: f64, theirs: f64, tolerance: f64, floor: f64) -> bool {
        let compare = || assert_close(&Tensor::from(ours), &Tensor::from(theirs), tolerance, floor, String::new);
        std::panic::catch_unwind(compare).is_ok()
    }

    #[test]
    fn small_results_count_to_their_last_digits_unless_terms_cancel() {
        assert!(close(1e-30, 1e-30 * (1.0 + 1e-15), 1e-14, 0.0));
        assert!(!close(1e-30, 1e-30 * (1.0 + 1e-13), 1e-14, 0.0));
        assert!(!close(1e-30, 0.0, 1e-14, 0.0) && !close(0.0, 1e-30, 1e-14, 0.0));
        assert!(close(1e-15, 0.0, 1e-14, 1.0) && !close(1e-13, 0.0, 1e-14, 1.0));
        assert!(close(1e6, 1e6 + 1e-9, 1e-14, 1.0) && !close(1e6, 1e6 + 1e-6, 1e-14, 1.0));
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert!(close(nan, nan, 0.0, 0.0) && close(inf, inf, 0.0, 0.0));
        assert!(!close(nan, 1.0, 1.0, 1.0) && !close(1.0, nan, 1.0, 1.0));
        assert!(!close(inf, 1.0, 1.0, 1.0) && !close(inf, -inf, 1.0, 1.0) && !close(1.0, inf, 1e-14, 1.0));
    }

    #[test]
    fn the_largest_difference_is_returned() {
        let compare = |ours: [f64; 2], floor| {
            assert_close(&Tensor::from(ours), &Tensor::from([4.0, 0.5]), 1.0, floor, String::new)
        };
        assert_eq!((compare([4.0, 0.5], 0.0), compare([5.0, 0.5], 0.0), compare([5.0, 0.25], 0.0)), (0.0, 0.25, 0.5));
        assert_eq!(compare([4.0, 0.25], 1.0), 0.25);
    }

    #[test]
    fn the_largest_finite_magnitude() {
        assert_eq!(largest(&Tensor::from([1.0, -3.0, f64::INFINITY, f64::NAN])), 3.0);
        assert_eq!(largest(&Tensor::<f64>::zeros(&[0])), 0.0);
    }
}
