//! # A page in which one steps through a gradient
//!
//!     cargo run --release --features inspect --example step_through
//!
//! A small network learns XOR. Its first training step is traced: every operation of the forward pass, and every
//! contribution to a gradient of the backward pass. Open the page, `target/step_through.html`, and press → until the end: the
//! gradients that `backward` returns.
//!
//! The output begins with the same computation as a tree, from the loss down to the parameters, and goes on with one of the
//! gradients, explained.

use std::error::Error;
use std::fs;

use downhill::inspect::Trace;
use downhill::prelude::*;

/// 2-3-1 with tanh.
#[derive(Params)]
struct Network {
    fc1: Linear,
    fc2: Linear,
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> Tensor {
        self.fc2.forward(&self.fc1.forward(x).tanh())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = rng(3);
    let model = Network { fc1: Linear::new(2, 3, &mut rng), fc2: Linear::new(3, 1, &mut rng) };
    let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);
    let loss = mse(&model.forward(&x), &y);

    let trace = Trace::of(&loss, &model);
    println!("The computation\n\n{}", trace.tree());
    println!("{}", trace.explain("fc1.bias").expect("a parameter with a gradient"));

    let path = "target/step_through.html";
    fs::create_dir_all("target")
        .and_then(|()| fs::write(path, trace.html("XOR: the first step")))
        .map_err(|error| format!("{path}: {error}"))?;
    println!("The gradients that backward returns, row by row\n");
    let grads = loss.backward();
    for (name, w) in model.params() {
        println!("gradient {name} {:?}", grads[w].to_vec());
    }
    println!("\nwritten: {path}");
    Ok(())
}
