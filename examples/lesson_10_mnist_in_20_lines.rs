//! # Lesson 10: handwritten digits in twenty lines
//!
//!     cargo run --release --example lesson_10_mnist_in_20_lines
//!
//! Everything so far in one place: a model that is a plain struct, mini-batches, the cross-entropy
//!
//! ```text
//! L = -mean( ln p[true class] ),    p = softmax(logits),
//! ```
//!
//! and gradient descent with momentum. 101,770 parameters are trained on 60,000 images of 28 × 28 pixels and tested on
//! 10,000 others. `mnist_mlp` is the same as a complete command-line program.
//!
//! Expected output (the seed is fixed, but processors round differently, so yours may differ by a digit or two):
//!
//! ```text
//! epoch 1: 95.99 % of the test images are recognized
//! epoch 2: 96.76 % of the test images are recognized
//! epoch 3: 97.39 % of the test images are recognized
//! epoch 4: 97.46 % of the test images are recognized
//! epoch 5: 97.71 % of the test images are recognized
//! ```

use downhill::prelude::*;

#[derive(Params)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Module for Mlp {
    fn forward(&self, x: &Tensor) -> Tensor {
        self.fc2.forward(&self.fc1.forward(x).relu())
    }
}

fn main() -> Result<(), DataError> {
    let mut rng = downhill::rng(10);
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;

    let mut model = Mlp { fc1: Linear::new(784, 128, &mut rng), fc2: Linear::new(128, 10, &mut rng) };
    let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
    for epoch in 0..5 {
        for (images, labels) in mnist.train.batches(64).shuffled(&mut rng) {
            let loss = cross_entropy(&model.forward(&images), &labels);
            opt.step(&mut model, &loss.backward());
        }
        let right = accuracy(&no_grad(|| model.forward(&mnist.test.images())), &mnist.test.labels());
        println!("epoch {}: {:.2} % of the test images are recognized", epoch + 1, 100.0 * right);
    }
    Ok(())
}
