//! Configurations A to E: multi-layer perceptrons.

use std::time::Instant;

use downhill::prelude::*;

use crate::generator::SplitMix64;
use crate::measured::Measured;
use crate::train::{evaluate_mnist, train as train_on};
use crate::{Options, load};

/// A network of fully connected layers, ReLU between them.
#[derive(Params)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(sizes: &[usize]) -> Self {
        let mut generator = SplitMix64(1);
        let mut layer = |pair: &[usize]| {
            let &[inputs, outputs] = pair else { unreachable!("pairs") };
            let weight = Tensor::from(generator.uniform(inputs * outputs, inputs)).reshape(&[outputs, inputs]);
            let bias = Tensor::from(generator.uniform(outputs, inputs));
            Linear { weight: Tensor::param(weight), bias: Some(Tensor::param(bias)) }
        };
        Network { layers: sizes.windows(2).map(&mut layer).collect() }
    }
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> Tensor {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        let mut x = x.clone();
        for layer in hidden {
            x = layer.forward(&x).relu();
        }
        last.forward(&x)
    }
}

pub(crate) fn train(options: &Options, sizes: &[usize], batch: usize, rule: impl Into<Box<dyn Rule<f32>>>) -> Measured {
    let mnist = load(options);
    let mut model = Network::new(sizes);
    let measured = train_on(options, (&mnist.train, batch), &mut model, rule, |model, (images, labels)| {
        cross_entropy(&model.forward(images), labels)
    });
    let (train_loss, test_accuracy) = evaluate_mnist(&mnist, |images| model.forward(images));
    Measured { train_loss, test_accuracy, ..measured }
}

/// Configuration D: 2-4-1 tanh on the four points of XOR; an epoch is 20,000 steps.
pub(crate) fn train_tiny(options: &Options) -> Measured {
    const STEPS: usize = 20_000;
    let model = Network::new(&[2, 4, 1]);
    let Ok([first, second]) = <[Linear; 2]>::try_from(model.layers) else { unreachable!("two layers") };
    let mut model = (first, second);
    let x = Tensor::from([[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0_f32], [1.0], [1.0], [0.0]]);
    let loss = |model: &(Linear, Linear)| mse(&model.1.forward(&model.0.forward(&x).tanh()), &y);
    let mut opt = Optimizer::new(Adam { lr: 1e-2, ..Adam::default() });
    let mut steps = Vec::new();
    let start = Instant::now();
    // A step is shorter than the clock's tick: the clock is read once in a hundred.
    for _ in 0..options.epochs * STEPS / 100 {
        let start = Instant::now();
        for _ in 0..100 {
            let grads = loss(&model).backward();
            opt.step(&mut model, &grads);
        }
        steps.push(start.elapsed().as_secs_f64() / 100.0);
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let train_loss = f64::from(loss(&model).item());
    Measured { steps, times: 100, seconds_per_epoch, train_loss, ..Measured::default() }
}

/// Configuration E: the network of B, forward only, over the test images in batches of 1000 and one by one.
pub(crate) fn predict(options: &Options) -> Measured {
    let mnist = load(options);
    let model = Network::new(&[784, 512, 512, 10]);
    let images = mnist.test.images();
    let batches: Vec<Tensor> = (0..10).map(|i| images.narrow(0, i * 1000, 1000)).collect();
    let rows: Vec<Tensor> = (0..1000).map(|i| images.narrow(0, i, 1)).collect();
    let time = |inputs: &[Tensor]| -> Vec<f64> {
        let pass = |x: &Tensor| {
            let start = Instant::now();
            std::hint::black_box(model.forward(x));
            start.elapsed().as_secs_f64()
        };
        no_grad(|| (0..options.epochs).flat_map(|_| inputs.iter().map(pass)).collect())
    };
    let steps = time(&batches);
    let mut single = time(&rows);
    single.sort_by(f64::total_cmp);
    let train_loss = no_grad(|| {
        let (images, labels) = mnist.train.gather(&(0..10_000).collect::<Vec<_>>());
        f64::from(cross_entropy(&model.forward(&images), &labels).item())
    });
    Measured {
        seconds_per_epoch: steps.iter().sum::<f64>() / options.epochs as f64,
        steps,
        times: 1,
        train_loss,
        test_accuracy: Some(no_grad(|| accuracy(&model.forward(&images), &mnist.test.labels()))),
        single: Some(single[single.len() / 2] * 1e6),
        step_mb: None,
    }
}
