use downhill::{Params, Tensor};

#[derive(Params)]
struct Twice {
    #[params(rename = "weight")]
    w: Tensor,
    bias: Tensor,
    weight: Tensor,
}

#[derive(Params)]
struct TwiceByIndex(Tensor, #[params(rename = "0")] Tensor);

#[derive(Params)]
struct NotOneStep {
    #[params(rename = "attention.weight")]
    weight: Tensor,
    #[params(rename = "")]
    bias: Tensor,
    #[params(skip, rename = "calls")]
    count: usize,
}

fn main() {}
