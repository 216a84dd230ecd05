//! The records of `clip.json`.

use downhill::optim::{clip_grad_norm_of_type, clip_grad_value};
use downhill::{Float, Gradients, Tensor};
use serde_json::Value;

use super::{Row, difference, largest};
use crate::golden::{self, float, list, tensor};

/// Every record, with our difference from it.
pub fn rows() -> Vec<Row> {
    let file = golden::file("clip.json");
    let norms = golden::records(&file, "norm", 43).iter().filter(|case| !overflows(case));
    let mut rows: Vec<Row> = norms
        .map(|case| if case.get("dtype").is_some() { norm::<f32>(case, 1e-6) } else { norm::<f64>(case, 1e-12) })
        .collect();
    rows.extend(golden::records(&file, "value", 4).iter().map(value));
    rows
}

/// Whether squares overflow in PyTorch although the elements are finite: there we scale first.
fn overflows(case: &Value) -> bool {
    let is_finite = |grad: &Value| grad.is_null() || list(&grad["data"]).iter().all(|g| float(g).is_finite());
    float(&case["total"]).is_infinite() && list(&case["grads"]).iter().all(is_finite)
}

struct Clipping<F: Float> {
    params: Vec<Tensor<F>>,
    grads: Gradients<F>,
}

impl<F: Float> Clipping<F> {
    fn new(case: &Value) -> Self {
        let mut clipping = Clipping { params: Vec::new(), grads: Gradients::default() };
        for grad in list(&case["grads"]).iter().filter(|grad| !grad.is_null()) {
            let grad = tensor::<F>(grad);
            let param = Tensor::param(Tensor::zeros(grad.shape()));
            clipping.grads.set(&param, grad);
            clipping.params.push(param);
        }
        clipping
    }

    fn difference(&self, case: &Value) -> f64 {
        let theirs = list(&case["clipped"]).iter().filter(|grad| !grad.is_null());
        largest(self.params.iter().zip(theirs).flat_map(|(param, theirs)| {
            let (ours, theirs) = (self.grads[param].to_vec(), tensor::<F>(theirs).to_vec());
            ours.into_iter().zip(theirs).map(|(ours, theirs)| difference(ours.as_f64(), theirs.as_f64()))
        }))
    }
}

fn norm<F: Float>(case: &Value, tolerance: f64) -> Row {
    let mut clipping = Clipping::<F>::new(case);
    let (max_norm, norm_type) = (float(&case["max_norm"]), float(&case["norm_type"]));
    let total = clip_grad_norm_of_type(&mut clipping.grads, max_norm, norm_type);
    let difference = largest([difference(total, float(&case["total"])), clipping.difference(case)]);
    let options = format!("max_norm {max_norm}, norm_type {norm_type}");
    let what = format!("{} gradients, {}", clipping.params.len(), F::NAME);
    Row { name: "clip_grad_norm".to_owned(), options, what, difference, tolerance }
}

fn value(case: &Value) -> Row {
    let mut clipping = Clipping::<f64>::new(case);
    let limit = float(&case["clip_value"]);
    clip_grad_value(&mut clipping.grads, limit);
    let what = format!("{} gradients", clipping.params.len());
    let (name, options) = ("clip_grad_value".to_owned(), format!("clip_value {limit}"));
    Row { name, options, what, difference: clipping.difference(case), tolerance: 0.0 }
}
