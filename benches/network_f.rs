//! Every operation of a training step of network F of `benchmarks/README.md` on its own, and the whole step: two
//! convolutions, each with ReLU and max-pooling, and two linear layers, on 64 images.
//!
//!     cargo bench -p downhill-benches --bench network_f

use divan::{Bencher, black_box};
use downhill::nn::{Conv2d, MaxPool2d};
use downhill::prelude::*;
use downhill::{Conv, vjp_many};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn main() {
    divan::main();
}

struct Network {
    first: Conv2d,
    second: Conv2d,
    hidden: Linear,
    last: Linear,
    images: Tensor,
    labels: Vec<usize>,
}

impl Network {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let same = Conv { padding: 1.into(), ..Conv::default() };
        Network {
            first: Conv2d::new(1, 16, [3, 3], same, &mut rng),
            second: Conv2d::new(16, 32, [3, 3], same, &mut rng),
            hidden: Linear::new(32 * 7 * 7, 128, &mut rng),
            last: Linear::new(128, 10, &mut rng),
            images: init::uniform(&[64, 1, 28, 28], 0.0..=1.0, &mut rng).detach(),
            labels: (0..64).map(|i| i % 10).collect(),
        }
    }

    /// The results of all operations, in order.
    fn results(&self) -> Vec<Tensor> {
        let mut all = vec![self.images.clone()];
        let operations: [&dyn Fn(&Tensor) -> Tensor; 10] = [
            &|x| self.first.forward(x),
            &|x| x.relu(),
            &|x| MaxPool2d::new(2).forward(x),
            &|x| self.second.forward(x),
            &|x| x.relu(),
            &|x| MaxPool2d::new(2).forward(x),
            &|x| x.flatten(1, -1),
            &|x| self.hidden.forward(x),
            &|x| x.relu(),
            &|x| self.last.forward(x),
        ];
        for operation in operations {
            all.push(operation(&all[all.len() - 1]));
        }
        all
    }

    fn loss(&self) -> Tensor {
        cross_entropy(self.results().last().expect("ten results"), &self.labels)
    }
}

/// The whole step, with its update.
#[divan::bench]
fn step(bencher: Bencher<'_, '_>) {
    let Network { first, second, hidden, last, images, labels } = Network::new();
    let mut model = (first, second, hidden, last);
    let mut opt = Optimizer::new(Sgd { lr: 0.01, momentum: 0.9, ..Sgd::default() });
    bencher.bench_local(|| {
        let (first, second, hidden, last) = &model;
        let x = MaxPool2d::new(2).forward(&first.forward(&images).relu());
        let x = MaxPool2d::new(2).forward(&second.forward(&x).relu());
        let loss = cross_entropy(&last.forward(&hidden.forward(&x.flatten(1, -1)).relu()), &labels);
        opt.step(&mut model, &loss.backward());
    });
}

/// Forward and backward, without the update.
#[divan::bench]
fn gradients(bencher: Bencher<'_, '_>) {
    let network = Network::new();
    bencher.bench_local(|| network.loss().backward());
}

const OPERATIONS: [&str; 8] = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "hidden", "last"];

/// The operation, applied to a tensor.
fn apply(network: &Network, name: &str, x: &Tensor) -> Tensor {
    match name {
        "conv1" => network.first.forward(x),
        "relu1" | "relu2" => x.relu(),
        "pool1" | "pool2" => MaxPool2d::new(2).forward(x),
        "conv2" => network.second.forward(x),
        "hidden" => network.hidden.forward(x),
        _ => network.last.forward(x),
    }
}

/// Its input, which needs a gradient unless it is the images.
fn input(network: &Network, name: &str) -> Tensor {
    let number = match name {
        "hidden" => 7,
        "last" => 9,
        _ => OPERATIONS.iter().position(|other| *other == name).expect("an operation"),
    };
    let x = network.results()[number].detach();
    if number == 0 { x } else { Tensor::param(x) }
}

#[divan::bench(args = OPERATIONS)]
fn forward(bencher: Bencher<'_, '_>, name: &str) {
    let network = Network::new();
    let x = input(&network, name);
    bencher.bench_local(|| apply(&network, name, black_box(&x)));
}

/// All gradients.
#[divan::bench(args = OPERATIONS)]
fn backward(bencher: Bencher<'_, '_>, name: &str) {
    let network = Network::new();
    let x = input(&network, name);
    let y = apply(&network, name, &x);
    let dy = y.detach();
    let mut wanted: Vec<&Tensor> = match name {
        "conv1" => network.first.params().map(|(_, parameter)| parameter).collect(),
        "conv2" => network.second.params().map(|(_, parameter)| parameter).collect(),
        "hidden" => network.hidden.params().map(|(_, parameter)| parameter).collect(),
        "last" => network.last.params().map(|(_, parameter)| parameter).collect(),
        _ => Vec::new(),
    };
    if x.requires_grad() {
        wanted.push(&x);
    }
    bencher.bench_local(|| vjp_many(&y, &wanted, black_box(&dy)));
}

/// The gradient of the second convolution with respect to one argument.
#[divan::bench(args = ["weight", "bias", "image"])]
fn conv2(bencher: Bencher<'_, '_>, name: &str) {
    let network = Network::new();
    let x = input(&network, "conv2");
    let y = network.second.forward(&x);
    let dy = y.detach();
    let bias = network.second.bias.as_ref().expect("a bias");
    let wanted = match name {
        "weight" => &network.second.weight,
        "bias" => bias,
        _ => &x,
    };
    bencher.bench_local(|| vjp_many(&y, &[wanted], black_box(&dy)));
}
