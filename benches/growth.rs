//! Costs that must grow linearly with the size: each benchmark runs at several sizes, each twice the one before, and
//! the time per item must stay the same (`ItemsCount` gives items per second).
//!
//!     cargo bench -p downhill-benches --bench growth

use divan::Bencher;
use divan::counter::ItemsCount;
use downhill::prelude::*;
use downhill::{Gradients, concat};

fn main() {
    divan::main();
}

type Layer = (Tensor, Tensor);

fn layers(count: usize) -> (Vec<Layer>, Gradients) {
    let model: Vec<Layer> = (0..count).map(|_| (Tensor::param([1.0, 2.0]), Tensor::param([3.0]))).collect();
    let mut grads = Gradients::default();
    for (weight, bias) in &model {
        grads.set(weight, Tensor::from([1.0, 1.0]));
        grads.set(bias, Tensor::from([1.0]));
    }
    (model, grads)
}

fn optimizer(groups: usize) -> Optimizer<f32> {
    let rule = Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() };
    (0..groups).fold(Optimizer::new(rule.clone()), |opt, i| opt.with_group(&format!("{i}.*"), rule.clone()))
}

/// The first optimizer step of a model of `count` layers.
#[divan::bench(args = [5_000, 10_000, 20_000, 40_000])]
fn first_step(bencher: Bencher<'_, '_>, count: usize) {
    let (mut model, grads) = layers(count);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| optimizer(0))
        .bench_local_refs(|opt| opt.step(&mut model, &grads));
}

/// The same with 200 groups.
#[divan::bench(args = [5_000, 10_000, 20_000])]
fn first_step_with_200_groups(bencher: Bencher<'_, '_>, count: usize) {
    let (mut model, grads) = layers(count);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| optimizer(200))
        .bench_local_refs(|opt| opt.step(&mut model, &grads));
}

/// A later step while a clone of the model exists, so that every parameter is copied and gets a new id.
#[divan::bench(args = [5_000, 10_000, 20_000])]
fn step_beside_a_clone(bencher: Bencher<'_, '_>, count: usize) {
    let mut opt = optimizer(0);
    let (mut model, grads) = layers(count);
    opt.step(&mut model, &grads);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| {
            let (model, grads) = layers(count);
            (model.clone(), model, grads)
        })
        .bench_local_refs(|(_, model, grads)| opt.step(model, grads));
}

/// One operation on `count` parameters, forward and backward.
#[divan::bench(args = [50_000, 100_000, 200_000])]
fn concat_of_parameters(bencher: Bencher<'_, '_>, count: usize) {
    let params: Vec<Tensor> = (0..count).map(|i| Tensor::param([i as f32])).collect();
    bencher.counter(ItemsCount::new(count)).bench_local(|| concat(&params, 0).square().sum().backward());
}
