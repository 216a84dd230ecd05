//! burn's program in the comparison: `../README.md` says what all of them have in common.
//!
//! The set-up: burn's CPU backend `flex` with all that its documentation offers, its SIMD kernels (chosen when the program
//! runs, so it is not compiled for the machine) and the AVX-512 kernels of its matrix product; the thread that calls
//! belongs to the pool of threads, so that nothing is handed over with one thread; freed memory is kept. SGD has dampening 0 and Adam ε = 1e-8,
//! as everywhere else. Inference uses the model without autodiff, as `valid` gives it.

mod networks;

use std::time::Instant;

use burn::nn::Linear;
use burn::nn::loss::{CrossEntropyLoss, MseLoss, Reduction};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::prelude::*;
use burn::tensor::activation::relu;
use comparison::{Images, Measured, Mnist, Options, PIXELS, XOR_STEPS, XOR_X, XOR_Y, initial_weights, order};

fn main() {
    let options = Options::from_args();
    comparison::keep_freed_memory(&options);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).use_current_thread();
    pool.build_global().expect("no other pool");
    let measured = match options.config {
        'D' => train_tiny(&options),
        'E' => predict(&options),
        'F' | 'I' => networks::train_mnist(&options),
        'G' | 'H' => networks::train_characters(&options),
        'J' => networks::train_sequences(&options),
        _ => train(&options),
    };
    measured.print("burn", "0.22.1", &options);
}

/// Fully connected layers, ReLU between them.
#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(sizes: &[usize], device: &Device) -> Self {
        let layers = initial_weights(sizes).into_iter();
        let layers = layers.map(|(weight, bias)| networks::linear((&weight, &bias), device));
        Network { layers: layers.collect() }
    }

    fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        for layer in hidden {
            x = relu(layer.forward(x));
        }
        last.forward(x)
    }
}

fn gather(images: &Images, indices: &[usize], device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let (pixels, labels) = images.gather(indices);
    let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
    (
        Tensor::from_data(TensorData::new(pixels, [indices.len(), PIXELS]), device),
        Tensor::from_data(TensorData::new(labels, [indices.len()]), device),
    )
}

fn optimizer(options: &Options) -> ModuleOptimizer {
    match options.config {
        'H' => AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.01).init(),
        'B' | 'D' | 'G' | 'I' | 'J' => AdamConfig::new().with_epsilon(1e-8).init(),
        _ => {
            let momentum = MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov: false };
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }
    }
}

fn train(options: &Options) -> Measured {
    let mnist = Mnist::load(&options.data);
    let device = Device::flex().autodiff();
    // The batch needs no gradient, but must be on the model's device.
    let mut model = Network::new(options.sizes(), &device);
    let mut opt = optimizer(options);
    let cross_entropy = CrossEntropyLoss::new(None, &device);
    let mut steps = Vec::new();
    let start = Instant::now();
    for epoch in 0..options.epochs {
        for indices in order(epoch, mnist.train.len()).chunks_exact(options.batch()) {
            let start = Instant::now();
            let (images, labels) = gather(&mnist.train, indices, &device);
            let loss = cross_entropy.forward(model.forward(images), labels);
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            model = opt.step(options.learning_rate(), model, grads);
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let model = model.valid();
    Measured {
        steps,
        seconds_per_epoch,
        train_loss: evaluate(&model, &mnist.train).0,
        test_accuracy: Some(evaluate(&model, &mnist.test).1),
        ..Measured::default()
    }
}

/// Mean loss and accuracy over the first 10,000 images.
fn evaluate(model: &Network, images: &Images) -> (f64, f64) {
    evaluate_with(|x| model.forward(x), images)
}

fn evaluate_with(forward: impl Fn(Tensor<2>) -> Tensor<2>, images: &Images) -> (f64, f64) {
    let device = Device::flex();
    let cross_entropy = CrossEntropyLoss::new(None, &device);
    let (mut loss, mut correct) = (0.0, 0);
    for first in (0..10_000).step_by(1000) {
        let (x, labels) = gather(images, &(first..first + 1000).collect::<Vec<_>>(), &device);
        let logits = forward(x);
        loss += f64::from(cross_entropy.forward(logits.clone(), labels.clone()).into_scalar::<f32>());
        correct += logits.argmax(1).flatten::<1>(0, 1).equal(labels).int().sum().into_scalar::<i32>();
    }
    (loss / 10.0, f64::from(correct) / 10_000.0)
}

fn train_tiny(options: &Options) -> Measured {
    let device = Device::flex().autodiff();
    let mut model = Network::new(options.sizes(), &device);
    let mut opt = optimizer(options);
    let x = Tensor::<2>::from_data(XOR_X, &device);
    let y = Tensor::<1>::from_data(XOR_Y, &device).reshape([4, 1]);
    let loss = |model: &Network| {
        let hidden = model.layers[0].forward(x.clone()).tanh();
        MseLoss::new().forward(model.layers[1].forward(hidden), y.clone(), Reduction::Mean)
    };
    let mut steps = Vec::new();
    let start = Instant::now();
    for _ in 0..options.epochs * XOR_STEPS / 100 {
        let start = Instant::now();
        for _ in 0..100 {
            let grads = GradientsParams::from_grads(loss(&model).backward(), &model);
            model = opt.step(options.learning_rate(), model, grads);
        }
        steps.push(start.elapsed().as_secs_f64() / 100.0);
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let train_loss = f64::from(loss(&model).into_scalar::<f32>());
    Measured { steps, seconds_per_epoch, train_loss, ..Measured::default() }
}

fn predict(options: &Options) -> Measured {
    let mnist = Mnist::load(&options.data);
    let device = Device::flex();
    let model = Network::new(options.sizes(), &device);
    let (images, _) = gather(&mnist.test, &(0..10_000).collect::<Vec<_>>(), &device);
    let batches: Vec<Tensor<2>> = (0..10).map(|i| images.clone().narrow(0, i * 1000, 1000)).collect();
    let rows: Vec<Tensor<2>> = (0..1000).map(|i| images.clone().narrow(0, i, 1)).collect();
    let time = |inputs: &[Tensor<2>]| -> Vec<f64> {
        let pass = |x: &Tensor<2>| {
            let start = Instant::now();
            std::hint::black_box(model.forward(x.clone()));
            start.elapsed().as_secs_f64()
        };
        (0..options.epochs).flat_map(|_| inputs.iter().map(pass)).collect()
    };
    let steps = time(&batches);
    Measured {
        seconds_per_epoch: steps.iter().sum::<f64>() / options.epochs as f64,
        steps,
        singles: time(&rows),
        train_loss: evaluate(&model, &mnist.train).0,
        test_accuracy: Some(evaluate(&model, &mnist.test).1),
        ..Measured::default()
    }
}
