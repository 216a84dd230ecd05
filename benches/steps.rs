//! Whole training steps of the reference networks of `benchmarks/README.md`, on synthetic data.
//!
//!     cargo bench -p downhill-benches --bench steps

use divan::Bencher;
use downhill::prelude::*;
use ndarray::Array2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn main() {
    divan::main();
}

fn classifier(bencher: Bencher<'_, '_>, sizes: &[usize], batch: usize, rule: impl Into<Box<dyn Rule<f32>>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Mlp::new(sizes, Relu, &mut rng);
    let images = init::uniform(&[batch, sizes[0]], 0.0..=1.0, &mut rng);
    let labels: Vec<usize> = (0..batch).map(|i| i % 10).collect();
    let mut opt = Optimizer::new(rule);
    bencher.bench_local(|| {
        let loss = cross_entropy(&model.forward(&images), &labels);
        opt.step(&mut model, &loss.backward());
    });
}

#[divan::bench]
fn network_a(bencher: Bencher<'_, '_>) {
    classifier(bencher, &[784, 128, 10], 64, Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
}

#[divan::bench]
fn network_b(bencher: Bencher<'_, '_>) {
    classifier(bencher, &[784, 512, 512, 10], 128, Adam::default());
}

#[divan::bench]
fn network_c(bencher: Bencher<'_, '_>) {
    classifier(bencher, &[784, 32, 10], 16, Sgd { lr: 0.05, momentum: 0.9, ..Sgd::default() });
}

#[divan::bench]
fn network_d(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = Tensor::from([[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0_f32], [1.0], [1.0], [0.0]]);
    let mut model = (Linear::new(2, 4, &mut rng), Linear::new(4, 1, &mut rng));
    let mut opt = Optimizer::new(Adam { lr: 1e-2, ..Adam::default() });
    bencher.bench_local(|| {
        let loss = mse(&model.1.forward(&model.0.forward(&x).tanh()), &y);
        opt.step(&mut model, &loss.backward());
    });
}

/// Embedding 64 to 32, LSTM 32 to 128, linear 128 to 64; 32 sequences of 32 characters.
#[divan::bench]
fn network_g(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let embedding: nn::Embedding = nn::Embedding::new(64, 32, &mut rng);
    let mut model = (embedding, nn::Lstm::new(32, 128, &mut rng), Linear::new(128, 64, &mut rng));
    let characters = Array2::from_shape_fn((32, 32), |(time, row)| (7 * time + 5 * row + time * row) % 64);
    let next: Vec<usize> = characters.iter().map(|character| (character * 3 + 1) % 64).collect();
    let mut opt = Optimizer::new(Adam::default());
    bencher.bench_local(|| {
        let (embedding, lstm, linear) = &model;
        let (output, _) = lstm.forward(&embedding.forward(&characters), None);
        let loss = cross_entropy(&linear.forward(&output.reshape(&[32 * 32, 128])), &next);
        opt.step(&mut model, &loss.backward());
    });
}

/// Network G with its LSTM composed of cells, step by step: what the fused sequence saves.
#[divan::bench]
fn network_g_of_cells(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let embedding: nn::Embedding = nn::Embedding::new(64, 32, &mut rng);
    let mut model = (embedding, nn::LstmCell::new(32, 128, &mut rng), Linear::new(128, 64, &mut rng));
    let characters = Array2::from_shape_fn((32, 32), |(time, row)| (7 * time + 5 * row + time * row) % 64);
    let next: Vec<usize> = characters.iter().map(|character| (character * 3 + 1) % 64).collect();
    let mut opt = Optimizer::new(Adam::default());
    bencher.bench_local(|| {
        let (embedding, cell, linear) = &model;
        let x = embedding.forward(&characters);
        let (mut state, mut outputs) = (None, Vec::new());
        for time in 0..32 {
            let (h, c) = cell.forward(&x.narrow(0, time, 1).reshape(&[32, 32]), state.as_ref());
            outputs.push(h.clone());
            state = Some((h, c));
        }
        let loss = cross_entropy(&linear.forward(&concat(&outputs, 0)), &next);
        opt.step(&mut model, &loss.backward());
    });
}

/// GRU 8 to 32, linear 32 to 1 at the last step; 16 sequences of 20 steps.
#[divan::bench]
fn network_j(bencher: Bencher<'_, '_>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let gru: nn::Gru = nn::Gru::new(8, 32, &mut rng);
    let mut model = (gru, Linear::new(32, 1, &mut rng));
    let (x, y) = (Tensor::randn(&[20, 16, 8], &mut rng), Tensor::randn(&[16, 1], &mut rng));
    let mut opt = Optimizer::new(Adam::default());
    bencher.bench_local(|| {
        let (gru, linear) = &model;
        let (_, h) = gru.forward(&x, None);
        let loss = mse(&linear.forward(&h.reshape(&[16, 32])), &y);
        opt.step(&mut model, &loss.backward());
    });
}
