//! The floor of the comparison: the same training loops by hand, with nothing in them that the mathematics does not ask
//! for. `../README.md` says what all programs of the comparison have in common; besides, this one knows
//! `--peak`: what the machine can do, in FMAs and in bytes, and what that makes of A to J. F and G need AVX-512.
//!
//! Files: `gemm.rs` the matrix products, `pass.rs` the passes over memory, `network.rs` the step of A to C, `tiny.rs` D,
//! `lenet.rs` F, `lstm.rs` G, `tile.rs` their products, `team.rs` the threads, `memory.rs` the buffers, `peak.rs` the machine.

#![allow(clippy::needless_range_loop, reason = "several arrays of registers share an index")]

mod gemm;
#[cfg(target_arch = "x86_64")]
mod lenet;
#[cfg(target_arch = "x86_64")]
mod lstm;
mod memory;
mod network;
mod pass;
mod peak;
mod team;
#[cfg(target_arch = "x86_64")]
mod tile;
mod tiny;

use std::time::Instant;

use comparison::{Images, Measured, Mnist, Options, PIXELS, order};
use memory::Buffer;
use network::{Batch, Network, Rule};
use team::Team;

fn main() {
    let options = Options::from_args();
    if options.flag("--peak") {
        return peak::print();
    }
    let measured = match options.config {
        'D' => tiny::train(&options),
        'E' => predict(&options),
        #[cfg(target_arch = "x86_64")]
        'F' if gemm::avx512() => train_lenet(&options),
        #[cfg(target_arch = "x86_64")]
        'G' if gemm::avx512() => train_lstm(&options),
        'F'..='J' => {
            eprintln!("error: {} is not here, or needs AVX-512", options.config);
            std::process::exit(2)
        }
        _ => train(&options),
    };
    measured.print("floor", env!("CARGO_PKG_VERSION"), &options);
}

/// Runs `part` as each thread of the team, the calling one being the first.
fn together<R>(threads: usize, part: impl Fn(usize) -> R + Sync) -> R {
    std::thread::scope(|scope| {
        for t in 1..threads {
            let part = &part;
            scope.spawn(move || drop(part(t)));
        }
        part(0)
    })
}

fn train(options: &Options) -> Measured {
    let mnist = Mnist::load(&options.data);
    let batch = options.batch();
    // A step of C is shorter than what a second thread would have to be told.
    let threads = if options.config == 'C' { 1 } else { options.threads.clamp(1, 2) };
    let rule = match options.config {
        'B' => Rule::Adam { lr: options.learning_rate() },
        _ => Rule::Sgd { lr: options.learning_rate() as f32, momentum: 0.9 },
    };
    let network = Network::new(options.sizes(), batch, rule, Team::new(threads));
    let start = Instant::now();
    let steps = together(threads, |t| {
        let mut steps = Vec::with_capacity(options.epochs * mnist.train.len() / batch);
        for epoch in 0..options.epochs {
            let order = order(epoch, mnist.train.len());
            for (i, indices) in order.chunks_exact(batch).enumerate() {
                let next = order.get((i + 1) * batch..(i + 2) * batch).unwrap_or(&order[..batch]);
                let start = Instant::now();
                network.step(t, Batch { images: &mnist.train, indices, next }, steps.len() as i32 + 1);
                std::hint::black_box(network.last_loss());
                steps.push(start.elapsed().as_secs_f64());
            }
        }
        steps
    });
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let (train_loss, _) = evaluate(&network, &mnist.train, options.sizes().len());
    let (_, accuracy) = evaluate(&network, &mnist.test, options.sizes().len());
    Measured { steps, seconds_per_epoch, train_loss, test_accuracy: Some(accuracy), ..Measured::default() }
}

/// Mean loss and accuracy over the first 10,000 images.
fn evaluate(network: &Network, images: &Images, layers: usize) -> (f64, f64) {
    const BATCH: usize = 1000;
    let activations: Vec<Buffer> = (0..layers).map(|_| Buffer::new(BATCH * gemm::LD)).collect();
    let (mut loss, mut correct) = (0.0, 0);
    for first in (0..10_000).step_by(BATCH) {
        let (x, labels) = images.gather(&(first..first + BATCH).collect::<Vec<_>>());
        together(network.team.threads, |t| {
            network.forward(t, BATCH, x.as_ptr(), &activations);
            network.team.wait();
        });
        let logits = &activations[layers - 1];
        for (row, &label) in logits.chunks(gemm::LD).zip(&labels) {
            let row = &row[..10];
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|x| f64::from(x - max).exp()).sum();
            loss += sum.ln() + f64::from(max - row[usize::from(label)]);
            correct += usize::from(row.iter().position(|&x| x == max) == Some(usize::from(label)));
        }
    }
    (loss / 10_000.0, correct as f64 / 10_000.0)
}

/// Configuration F.
#[cfg(target_arch = "x86_64")]
fn train_lenet(options: &Options) -> Measured {
    let mnist = Mnist::load(&options.data);
    let mut network = lenet::LeNet::new();
    let lr = options.learning_rate() as f32;
    // SAFETY: the caller has looked for AVX-512, here and below.
    let measured = comparison::networks::train(options, mnist.train.len(), |indices| unsafe {
        std::hint::black_box(network.step(&mnist.train, indices, lr, 0.9));
    });
    let mut evaluate = |images: &Images| {
        let everything: Vec<usize> = (0..10_000).collect();
        let (mut loss, mut correct) = (0.0, 0);
        for indices in everything.chunks(lenet::BATCH) {
            // SAFETY: as above.
            unsafe { network.forward(images, indices) };
            for (row, &index) in network.logits.chunks(16).zip(indices) {
                let (row, label) = (&row[..10], usize::from(images.labels[index]));
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f64 = row.iter().map(|x| f64::from(x - max).exp()).sum();
                loss += sum.ln() + f64::from(max - row[label]);
                correct += usize::from(row.iter().position(|&x| x == max) == Some(label));
            }
        }
        (loss / 10_000.0, correct as f64 / 10_000.0)
    };
    Measured { train_loss: evaluate(&mnist.train).0, test_accuracy: Some(evaluate(&mnist.test).1), ..measured }
}

/// Configuration G.
#[cfg(target_arch = "x86_64")]
fn train_lstm(options: &Options) -> Measured {
    use comparison::networks::{SAMPLES, Text, train, train_loss};
    let (text, mut network, mut number) = (Text::new(), lstm::CharLstm::new(), 0);
    // SAFETY: the caller has looked for AVX-512, here and below.
    let measured = train(options, SAMPLES, |indices| unsafe {
        number += 1;
        std::hint::black_box(network.step(&text, indices, options.learning_rate(), number));
    });
    // SAFETY: as above.
    let train_loss = train_loss(options, |indices| unsafe { network.forward(&text, indices) });
    Measured { train_loss, ..measured }
}

/// Configuration E: forward over the test images in batches of 1000, then one by one.
fn predict(options: &Options) -> Measured {
    const BATCH: usize = 1000;
    let mnist = Mnist::load(&options.data);
    let threads = options.threads.clamp(1, 2);
    let rule = Rule::Sgd { lr: 0.0, momentum: 0.0 };
    let network = Network::new(options.sizes(), 1, rule, Team::new(threads));
    let mut images = Buffer::new(10_000 * PIXELS);
    images.copy_from_slice(&mnist.test.gather(&(0..10_000).collect::<Vec<_>>()).0);
    let activations: Vec<Buffer> = options.sizes().iter().map(|_| Buffer::new(BATCH * gemm::LD)).collect();
    let (steps, singles) = together(threads, |t| {
        let pass = |i: usize, rows: usize| {
            let start = Instant::now();
            network.forward(t, rows, images[i * rows * PIXELS..].as_ptr(), &activations);
            network.team.wait();
            start.elapsed().as_secs_f64()
        };
        let time = |count: usize, rows: usize| -> Vec<f64> {
            (0..options.epochs).flat_map(|_| (0..count).map(|i| pass(i, rows))).collect()
        };
        (time(10, BATCH), time(1000, 1))
    });
    Measured {
        seconds_per_epoch: steps.iter().sum::<f64>() / options.epochs as f64,
        steps,
        train_loss: evaluate(&network, &mnist.train, options.sizes().len()).0,
        test_accuracy: Some(evaluate(&network, &mnist.test, options.sizes().len()).1),
        singles,
        ..Measured::default()
    }
}
