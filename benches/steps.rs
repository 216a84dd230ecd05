//! Whole training steps of the reference networks of `benchmarks/README.md`, on synthetic data.
//!
//!     cargo bench -p downhill-benches --bench steps

use divan::Bencher;
use downhill::prelude::*;
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
