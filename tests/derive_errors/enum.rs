use downhill::{Params, Tensor};

#[derive(Params)]
enum Layer {
    Linear { weight: Tensor },
    Relu,
}

fn main() {}
