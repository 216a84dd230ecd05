//! Configuration I: a multi-layer perceptron with batch normalization and dropout, on MNIST.

use downhill::nn::BatchNorm1d;
use downhill::prelude::*;
use downhill::rng;

use crate::measured::Measured;
use crate::train::{evaluate_mnist, start, train as train_on};
use crate::{Options, load};

#[derive(Params)]
struct Network {
    fc1: Linear,
    bn1: BatchNorm1d,
    fc2: Linear,
    bn2: BatchNorm1d,
    fc3: Linear,
    dropout: Dropout,
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self.dropout.forward(&self.bn1.forward(&self.fc1.forward(x)).relu());
        let x = self.dropout.forward(&self.bn2.forward(&self.fc2.forward(&x)).relu());
        self.fc3.forward(&x)
    }
}

pub(crate) fn train(options: &Options) -> Measured {
    let mnist = load(options);
    let rng = &mut rng(1);
    let mut model = Network {
        fc1: Linear::new(784, 256, rng),
        bn1: BatchNorm1d::new(256),
        fc2: Linear::new(256, 256, rng),
        bn2: BatchNorm1d::new(256),
        fc3: Linear::new(256, 10, rng),
        dropout: Dropout::new(options.dropout),
    };
    start(&mut model, &[784, 784, 0, 0, 256, 256, 0, 0, 256, 256]);
    let loss = |model: &mut Network, (images, labels): &(Tensor, Vec<usize>)| {
        training(model, rng, |model| cross_entropy(&model.forward(images), labels))
    };
    let measured = train_on(options, (&mnist.train, 128), &mut model, Adam::default(), loss);
    let (train_loss, test_accuracy) = evaluate_mnist(&mnist, |images| model.forward(images));
    Measured { train_loss, test_accuracy, ..measured }
}
