//! Every record of `data/golden/layers.json`: layers with a state, their statistics, and their derivatives to second order.

use downhill::nn::{BatchNorm1d, Module};
use downhill::{Params, Tensor, grad, training, vjp};
use downhill_tests::golden::{self, tensor};
use serde_json::Value;

type Tensor64 = Tensor<f64>;

/// `derivatives` of `data/golden/common.py`: what `f` makes of the inputs, its gradients, and second-order quantities.
fn check(record: &Value, what: &str, f: impl FnOnce(&[Tensor64]) -> Tensor64) {
    let mut xs: Vec<Tensor64> = golden::list(&record["inputs"]).iter().map(|x| Tensor::param(tensor(x))).collect();
    let cotangent = Tensor::param(tensor(&record["cotangent"]));
    let y = f(&xs);
    let compare = |name: &str, ours: &Tensor64, theirs: &Value| {
        golden::assert_close(ours, &tensor(theirs), TOLERANCE, 1.0, &format!("{what}: {name}"));
    };
    compare("output", &y, &record["output"]);
    let gradients = downhill::vjp_many(&y, &xs.iter().collect::<Vec<_>>(), &cotangent);
    let mut total = Tensor64::zeros(&[]);
    for (i, gradient) in gradients.iter().enumerate() {
        compare(&format!("gradient {i}"), gradient, &record["grads"][i]);
        total += (gradient * tensor(&record["directions"][i])).sum();
    }
    xs.push(cotangent);
    let second = downhill::grad_many(&total, &xs.iter().collect::<Vec<_>>());
    let theirs = golden::list(&record["second"]).iter().chain([&record["jvp"]]);
    assert_eq!(second.len(), theirs.clone().count());
    for (i, (second, theirs)) in second.iter().zip(theirs).enumerate() {
        compare(&format!("second derivative {i}"), second, theirs);
    }
}

const TOLERANCE: f64 = 1e-12;
