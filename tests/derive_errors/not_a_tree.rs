use std::collections::HashMap;

use downhill::{Params, Tensor};

// Each at its type, without any use of the struct.
#[derive(Params)]
struct Model<'a, T> {
    weight: Tensor<f64>,
    count: usize,
    name: &'a str,
    cache: Vec<HashMap<String, Tensor>>,
    last: T,
}

fn main() {}
