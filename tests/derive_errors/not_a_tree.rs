use std::collections::HashMap;
use std::time::Instant;

use downhill::{Params, Tensor};

// Each at its type, without any use of the struct.
#[derive(Params)]
struct Model<'a, T> {
    weight: Tensor<f64>,
    since: Instant,
    name: &'a String,
    cache: Vec<HashMap<String, Tensor>>,
    last: T,
}

fn main() {}
