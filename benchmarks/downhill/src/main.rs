//! downhill's program in the comparison of frameworks: trains one of the reference networks through the ordinary
//! public API and prints one line of JSON. `../README.md` says what all programs of the comparison have in common.
//!
//!     cargo run --profile bench -p downhill-bench -- --config A --epochs 3

mod generator;

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use downhill::prelude::*;
use downhill::set_threads;
use generator::SplitMix64;

#[derive(Parser)]
struct Options {
    /// A, B, C, D or E.
    #[arg(long)]
    config: char,
    #[arg(long, default_value_t = 1)]
    epochs: usize,
    /// The threads that share large products and updates.
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    threads: usize,
    /// End a run after so many steps.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true, value_parser = at_least_one)]
    max_steps: usize,
    #[arg(long, default_value = "data/mnist")]
    data: PathBuf,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

fn main() {
    let options = Options::parse();
    set_threads(options.threads);
    let measured = match options.config.to_ascii_uppercase() {
        'A' => train_mnist(&options, &[784, 128, 10], 64, Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }),
        'B' => train_mnist(&options, &[784, 512, 512, 10], 128, Adam::default()),
        'C' => train_mnist(&options, &[784, 32, 10], 16, Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() }),
        'D' => train_tiny(&options),
        'E' => predict(&options),
        other => panic!("there is no configuration {other}"),
    };
    println!("{}", measured.json(&options));
}

struct Measured {
    /// Seconds of each step.
    steps: Vec<f64>,
    /// How many steps each of these stands for, as a mean.
    times: usize,
    seconds_per_epoch: f64,
    train_loss: f64,
    test_accuracy: Option<f64>,
    /// The one-row pass of configuration E.
    single: Option<f64>,
}

impl Measured {
    fn json(mut self, options: &Options) -> serde_json::Value {
        // Subnormal numbers, leaks and fragmentation would make late steps slower than early ones.
        let first_100 = self.median_of(0..100);
        let (from_5000, from_10_000) = (self.median_of(5000..5100), self.median_of(10_000..10_100));
        let over_the_run: Vec<_> =
            (0..self.steps.len() / 500).filter_map(|i| self.median_of(500 * i..500 * (i + 1))).collect();
        let steps = self.steps.len() * self.times;
        self.steps.sort_by(f64::total_cmp);
        let quantile = |q: f64| self.steps[((self.steps.len() - 1) as f64 * q) as usize] * 1e6;
        serde_json::json!({
            "framework": "downhill",
            "version": env!("CARGO_PKG_VERSION"),
            "config": options.config.to_string(),
            "threads": options.threads,
            "seconds_per_epoch": self.seconds_per_epoch,
            "median_us": quantile(0.5),
            "p10_us": quantile(0.1),
            "steps_1_to_100_us": first_100,
            "steps_5001_to_5100_us": from_5000,
            "steps_10001_to_10100_us": from_10_000,
            "medians_of_500_us": over_the_run,
            "steps": steps,
            "single_us": self.single,
            "train_loss": self.train_loss,
            "test_accuracy": self.test_accuracy,
            "peak_mb": peak_memory_mb(),
        })
    }

    /// In microseconds; `None` if there were not so many steps.
    fn median_of(&self, steps: std::ops::Range<usize>) -> Option<f64> {
        let mut steps = self.steps.get(steps).filter(|_| self.times == 1)?.to_vec();
        steps.sort_by(f64::total_cmp);
        Some(steps[steps.len() / 2] * 1e6)
    }
}

fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}

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

fn load(options: &Options) -> Mnist {
    Mnist::load(&options.data).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        std::process::exit(1)
    })
}

fn train_mnist(options: &Options, sizes: &[usize], batch: usize, rule: impl Into<Box<dyn Rule<f32>>>) -> Measured {
    let mnist = load(options);
    let mut model = Network::new(sizes);
    let mut opt = Optimizer::new(rule);
    let mut steps = Vec::new();
    let start = Instant::now();
    for epoch in 0..options.epochs {
        let order = SplitMix64(1000 + epoch as u64).order(mnist.train.len());
        let mut batches = mnist.train.batches(batch).ordered(order).drop_last();
        while steps.len() < options.max_steps {
            let start = Instant::now();
            let Some((images, labels)) = batches.next() else { break };
            let loss = cross_entropy(&model.forward(&images), &labels);
            opt.step(&mut model, &loss.backward());
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let first: Vec<usize> = (0..10_000).collect();
    let train_loss = no_grad(|| {
        let losses = first.chunks(1000).map(|indices| {
            let (images, labels) = mnist.train.gather(indices);
            f64::from(cross_entropy(&model.forward(&images), &labels).item())
        });
        losses.sum::<f64>() / 10.0
    });
    let correct = no_grad(|| accuracy(&model.forward(&mnist.test.images()), &mnist.test.labels()));
    Measured { steps, times: 1, seconds_per_epoch, train_loss, test_accuracy: Some(correct), single: None }
}

/// Configuration D: 2-4-1 tanh on the four points of XOR; an epoch is 20,000 steps.
fn train_tiny(options: &Options) -> Measured {
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
    Measured { steps, times: 100, seconds_per_epoch, train_loss, test_accuracy: None, single: None }
}

/// Configuration E: the network of B, forward only, over the test images in batches of 1000 and one by one.
fn predict(options: &Options) -> Measured {
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
    }
}
