use downhill::{Params, Tensor};

#[derive(Params)]
struct Model {
    weight: Tensor<f64>,
    bias: Tensor<f32>,
}

fn main() {}
