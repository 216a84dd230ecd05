//! Configuration F: two convolutions with pooling, and two fully connected layers, on MNIST.

use downhill::nn::Conv2d;
use downhill::prelude::*;
use downhill::{Conv, rng};

use crate::measured::Measured;
use crate::train::{evaluate_mnist, start, train as train_on};
use crate::{Options, load};

#[derive(Params)]
struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Module for LeNet {
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self.conv1.forward(x).relu().max_pool2d(2);
        let x = self.conv2.forward(&x).relu().max_pool2d(2);
        self.fc2.forward(&self.fc1.forward(&x.flatten(1, -1)).relu())
    }
}

pub(crate) fn train(options: &Options) -> Measured {
    let mnist = load(options).unflattened();
    let (same, rng) = (Conv { padding: 1.into(), ..Conv::default() }, &mut rng(1));
    let mut model = LeNet {
        conv1: Conv2d::new(1, 16, [3, 3], same, rng),
        conv2: Conv2d::new(16, 32, [3, 3], same, rng),
        fc1: Linear::new(1568, 128, rng),
        fc2: Linear::new(128, 10, rng),
    };
    start(&mut model, &[9, 9, 144, 144, 1568, 1568, 128, 128]);
    let rule = Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() };
    let measured = train_on(options, (&mnist.train, 64), &mut model, rule, |model, (images, labels)| {
        cross_entropy(&model.forward(images), labels)
    });
    let (train_loss, test_accuracy) = evaluate_mnist(&mnist, |images| model.forward(images));
    Measured { train_loss, test_accuracy, ..measured }
}
