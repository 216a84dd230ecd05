use std::collections::HashMap;
use std::time::Instant;

use downhill::{Params, Tensor};

// Each error points at the field's type, though the struct is never used.
#[derive(Params)]
struct Model<'a, T> {
    weight: Tensor<f64>,
    since: Instant,
    name: &'a String,
    cache: Vec<HashMap<String, Tensor>>,
    last: T,
}

fn main() {}
