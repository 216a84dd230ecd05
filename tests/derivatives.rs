//! Compares the derivatives of a layer with those in `data/golden`.

use downhill::{Tensor, grad_many, vjp_many};
use serde_json::Value;

use crate::golden::{self, tensor};

/// Relative to the element, or to 1 if that is larger: the size of the terms that cancel in it.
const TOLERANCE: f64 = 2e-13;

/// Like `derivatives` in `data/golden/common.py`: checks the output of `f`, its gradients and the second-order
/// quantities.
///
/// # Panics
/// If they do not agree.
pub fn check(record: &Value, what: &str, f: impl FnOnce(&[Tensor<f64>]) -> Tensor<f64>) {
    let compare = |name: &str, ours: &Tensor<f64>, theirs: &Value| {
        golden::assert_close(ours, &tensor(theirs), TOLERANCE, 1.0, || format!("{what}: {name}"));
    };
    let mut xs: Vec<Tensor<f64>> = golden::list(&record["inputs"]).iter().map(|x| Tensor::param(tensor(x))).collect();
    let cotangent = Tensor::param(tensor(&record["cotangent"]));
    let y = f(&xs);
    compare("output", &y, &record["output"]);
    let mut total = Tensor::<f64>::zeros(&[]);
    for (i, gradient) in vjp_many(&y, &xs, &cotangent).iter().enumerate() {
        compare(&format!("gradient {i}"), gradient, &record["grads"][i]);
        total += (gradient * tensor(&record["directions"][i])).sum();
    }
    xs.push(cotangent);
    let theirs: Vec<&Value> = golden::list(&record["second"]).iter().chain([&record["jvp"]]).collect();
    let ours = grad_many(&total, &xs);
    assert_eq!(ours.len(), theirs.len());
    for (i, (second, theirs)) in ours.iter().zip(theirs).enumerate() {
        compare(&format!("second derivative {i}"), second, theirs);
    }
}
