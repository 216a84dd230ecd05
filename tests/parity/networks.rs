//! Three networks train as they do in PyTorch: from equal weights, on equal batches, the losses of 50 steps agree to
//! 1e-9 in `f64`, and so do the statistics and the evaluation afterwards (`data/golden/networks.json`). For a
//! transformer, `attention.rs` does this.

use downhill::nn::{
    BatchNorm1d, BatchNorm2d, Conv2d, Embedding, Flatten, Lstm, MaxPool2d, RecurrentOptions, cross_entropy,
};
use downhill::optim::{Optimizer, clip_grad_norm};
use downhill::prelude::{Dropout, Linear, Mnist, Module, Relu, Sequential};
use downhill::{Conv, Params, Tensor, no_grad, rng, training};
use ndarray::Array2;
use serde_json::Value;

use crate::golden::{self, tensor};
use crate::parity::ledger;
use crate::parity::optimizers::rule;

type Tensor64 = Tensor<f64>;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data");

/// The weights of `initialize` in `networks.py`.
fn initialize(model: &mut impl Params<f64>) {
    let mut x = 1_u64;
    for (path, mut parameter) in model.params_mut() {
        let shape = parameter.shape().to_vec();
        let many = shape.len() > 1;
        let k = if many { 1.0 / (shape[1..].iter().product::<usize>() as f64).sqrt() } else { 0.1 };
        let c = if !many && path.ends_with("weight") { 1.0 } else { 0.0 };
        parameter.assign(Tensor::appended(&shape, |elements| {
            elements.extend((0..shape.iter().product()).map(|_: usize| {
                x = 48271 * x % 2_147_483_647;
                (2.0 * (x as f64 / 2_147_483_647.0) - 1.0) * k + c
            }));
        }));
    }
}

/// The batches of `digits` in `networks.py`.
fn digits(count: usize) -> Vec<(Tensor64, Vec<usize>)> {
    let train = Mnist::load(format!("{DATA}/mnist")).unwrap().train;
    let batch = |batch: usize| {
        let numbers = batch * 16..(batch + 1) * 16;
        let pixels = numbers
            .clone()
            .flat_map(|i| train.image(i).iter().map(|&byte| f64::from(byte) / 255.0).collect::<Vec<_>>());
        let images = Tensor::from(pixels.collect::<Vec<f64>>()).reshape(&[16, 1, 28, 28]);
        (images, numbers.map(|i| train.label(i)).collect())
    };
    (0..count).map(batch).collect()
}

/// The batches of `characters` in `networks.py`.
fn characters(count: usize) -> Vec<(Array2<usize>, Vec<usize>)> {
    let text = std::fs::read(format!("{DATA}/text/shakespeare.txt")).unwrap();
    let mut symbols = text.clone();
    symbols.sort_unstable();
    symbols.dedup();
    let number = |byte: &u8| symbols.binary_search(byte).unwrap();
    let batch = |batch: usize| {
        let numbers: Vec<usize> = text[128 * batch..=128 * (batch + 1)].iter().map(number).collect();
        (Array2::from_shape_vec((8, 16), numbers[..128].to_vec()).unwrap(), numbers[1..].to_vec())
    };
    (0..count).map(batch).collect()
}

/// Trains the model as its record says, and compares.
fn follow<M: Params<f64>, X>(
    network: &str,
    mut model: M,
    batches: impl FnOnce(usize) -> Vec<(X, Vec<usize>)>,
    forward: impl Fn(&M, &X) -> Tensor64,
) {
    let file = golden::file("networks.json");
    let record = golden::records(&file, "training", 3).iter().find(|record| record["network"] == network).unwrap();
    let names: Vec<&str> = golden::list(&record["parameters"]).iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(model.params().map(|(path, _)| path).collect::<Vec<_>>(), names);
    initialize(&mut model);
    ledger::record(network, &serde_json::json!({ "optimizer": record["optimizer"] }));
    let mut opt = Optimizer::new(rule::<f64>(record["optimizer"].as_str().unwrap(), &record["options"]));
    let batches = batches(golden::integer(&record["batches"]));
    let losses = tensor::<f64>(&record["losses"]).to_vec();
    assert_eq!(losses.len(), 51);
    // Dropout is off, so that nothing is drawn.
    let rng = &mut rng(1);
    for (step, expected) in losses.into_iter().enumerate() {
        let (x, labels) = &batches[step % batches.len()];
        let loss = training(&mut model, rng, |model| cross_entropy(&forward(model, x), labels));
        agree(network, "loss", loss.item(), expected, || format!("{network}, step {step}"));
        if step < 50 {
            let mut gradients = loss.backward();
            if let Some(most) = record["clip_grad_norm"].as_f64() {
                clip_grad_norm(&mut gradients, most);
            }
            opt.step(&mut model, &gradients);
        }
    }
    let buffers = record["buffers"].as_object().unwrap();
    assert_eq!(model.buffers().len(), buffers.len());
    for (path, buffer) in model.buffers() {
        let theirs = tensor(&buffers[&path]);
        let difference = golden::assert_close(buffer, &theirs, 1e-9, 1.0, || format!("{network}, {path}"));
        ledger::note(network, "statistics", difference, 1e-9);
    }
    let (x, labels) = &batches[0];
    let evaluation = no_grad(|| cross_entropy(&forward(&model, x), labels));
    agree(network, "evaluation", evaluation.item(), value(&record["evaluation"]), || format!("{network}, evaluation"));
}

fn value(scalar: &Value) -> f64 {
    tensor::<f64>(scalar).item()
}

#[track_caller]
fn agree(network: &str, quantity: &'static str, ours: f64, theirs: f64, what: impl Fn() -> String) {
    let difference = (ours - theirs).abs();
    assert!(difference < 1e-9, "{}: {ours}, not {theirs} (off by {difference:e})", what());
    ledger::note(network, quantity, difference, 1e-9);
}

/// Every record of its section.
pub fn lenet() {
    let rng = &mut rng(1);
    let model: Sequential<f64> = Sequential::new()
        .then(Conv2d::new(1, 6, [5, 5], Conv { padding: 2.into(), ..Conv::default() }, rng))
        .then(Relu)
        .then(MaxPool2d::new(2))
        .then(Conv2d::new(6, 16, [5, 5], Conv::default(), rng))
        .then(Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten::default())
        .then(Linear::new(400, 120, rng))
        .then(Relu)
        .then(Linear::new(120, 84, rng))
        .then(Relu)
        .then(Linear::new(84, 10, rng));
    follow("lenet", model, digits, |model, x| model.forward(x));
}

/// Every record of its section.
pub fn batch_normalization() {
    let rng = &mut rng(1);
    let options = Conv { stride: [2, 2], padding: 1.into(), ..Conv::default() };
    let model: Sequential<f64> = Sequential::new()
        .then(Conv2d::without_bias(1, 4, [3, 3], options, rng))
        .then(BatchNorm2d::new(4))
        .then(Relu)
        .then(Conv2d::without_bias(4, 8, [3, 3], options, rng))
        .then(BatchNorm2d::new(8))
        .then(Relu)
        .then(Flatten::default())
        .then(Linear::without_bias(392, 32, rng))
        .then(BatchNorm1d::new(32))
        .then(Relu)
        .then(Dropout::new(0.0))
        .then(Linear::new(32, 10, rng));
    follow("normalized", model, digits, |model, x| model.forward(x));
}

#[derive(Params)]
struct CharLstm {
    embed: Embedding<f64>,
    lstm: Lstm<f64>,
    head: Linear<f64>,
}

/// Every record of its section.
pub fn lstm() {
    let rng = &mut rng(1);
    let options = RecurrentOptions { num_layers: 2, batch_first: true, ..RecurrentOptions::default() };
    let model = CharLstm {
        embed: Embedding::new(63, 12, rng),
        lstm: Lstm::with_options(12, 16, options, rng),
        head: Linear::new(16, 63, rng),
    };
    follow("lstm", model, characters, |model, x| {
        model.head.forward(&model.lstm.forward(&model.embed.forward(x), None).0).flatten(0, 1)
    });
}

/// All of these comparisons.
pub const CHECKS: &[fn()] = &[lenet, batch_normalization, lstm];
