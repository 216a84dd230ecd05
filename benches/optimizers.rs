//! Optimizer updates of a parameter with a million elements.
//!
//!     cargo bench -p downhill-benches --bench optimizers
//!
//! They are bound by memory bandwidth: for every element, Adam reads the parameter, the gradient and two moments and
//! writes all but the gradient back, 28 bytes for `f32`.

use divan::Bencher;
use divan::counter::BytesCount;
use downhill::prelude::*;

fn main() {
    divan::main();
}

const LEN: usize = 1_000_000;

fn update(bencher: Bencher<'_, '_>, rule: impl Into<Box<dyn Rule<f32>>>, bytes: usize) {
    let mut w = Tensor::param(Tensor::<f32>::full(&[LEN], 0.5));
    let grads = w.square().sum().backward();
    let mut opt = Optimizer::new(rule);
    opt.step(&mut w, &grads);
    bencher.counter(BytesCount::new(bytes * LEN)).bench_local(|| opt.step(&mut w, &grads));
}

#[divan::bench]
fn sgd(bencher: Bencher<'_, '_>) {
    update(bencher, Sgd { lr: 1e-6, ..Sgd::default() }, 12);
}

#[divan::bench]
fn sgd_momentum(bencher: Bencher<'_, '_>) {
    update(bencher, Sgd { lr: 1e-6, momentum: 0.9, ..Sgd::default() }, 20);
}

#[divan::bench]
fn adam(bencher: Bencher<'_, '_>) {
    update(bencher, Adam { lr: 1e-6, ..Adam::default() }, 28);
}

/// The memory bandwidth: `a = b + c·s`, the triad of McCalpin's STREAM benchmark.
#[divan::bench]
fn bandwidth_triad(bencher: Bencher<'_, '_>) {
    let (mut a, b, c) = (vec![0.0_f32; LEN], vec![1.0_f32; LEN], vec![2.0_f32; LEN]);
    bencher.counter(BytesCount::new(12 * LEN)).bench_local(|| {
        for ((a, &b), &c) in a.iter_mut().zip(&b).zip(&c) {
            *a = b + c * 0.5;
        }
        divan::black_box(a[0])
    });
}
