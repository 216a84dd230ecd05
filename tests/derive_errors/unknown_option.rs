use downhill::{Params, Tensor};

#[derive(Params)]
struct Field {
    weight: Tensor,
    #[params(skip, frozen)]
    bias: Tensor,
}

#[derive(Params)]
#[params(rename = "linear")]
struct Struct {
    weight: Tensor,
}

fn main() {}
