//! The initial weights, the training loop and the loss after it, for all networks that train on batches.

use std::time::Instant;

use downhill::prelude::*;

use crate::Options;
use crate::generator::SplitMix64;
use crate::measured::{Measured, MemoryBefore};

/// Gives the parameters, in PyTorch's order, the numbers that all programs start from; `fans` are their fan-ins, 0 for
/// one that keeps its value.
pub(crate) fn start(model: &mut impl Params, fans: &[usize]) {
    assert_eq!(model.params().count(), fans.len());
    let mut generator = SplitMix64(1);
    for ((_, mut tensor), &fan_in) in model.params_mut().zip(fans) {
        if fan_in > 0 {
            let numbers = Tensor::from(generator.uniform(tensor.len(), fan_in));
            let shape = tensor.shape().to_vec();
            tensor.assign(numbers.reshape(&shape));
        }
    }
}

/// Trains `model` on `data`, with the loss `loss(model, batch)`.
pub(crate) fn train<D: Dataset, M: Params>(
    options: &Options,
    (data, size): (&D, usize),
    model: &mut M,
    rule: impl Into<Box<dyn Rule<f32>>>,
    mut loss: impl FnMut(&mut M, &D::Batch) -> Tensor,
) -> Measured {
    let mut opt = Optimizer::new(rule);
    let mut steps = Vec::new();
    let memory = MemoryBefore::steps(options);
    let start = Instant::now();
    for epoch in 0..options.epochs {
        let order = SplitMix64(1000 + epoch as u64).order(data.len());
        let mut batches = data.batches(size).ordered(order).drop_last();
        while steps.len() < options.max_steps {
            let start = Instant::now();
            let Some(batch) = batches.next() else { break };
            let loss = loss(model, &batch);
            opt.step(model, &loss.backward());
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let step_mb = memory.exceeded_by();
    let seconds_per_epoch = start.elapsed().as_secs_f64() / steps.len() as f64 * (data.len() / size) as f64;
    Measured { steps, times: 1, seconds_per_epoch, step_mb, ..Measured::default() }
}

/// The mean of `loss` over the first `count` samples, in batches of `size`.
pub(crate) fn evaluate<D: Dataset>(data: &D, count: usize, size: usize, loss: impl Fn(&D::Batch) -> Tensor) -> f64 {
    let first: Vec<usize> = (0..count).collect();
    let losses = first.chunks(size).map(|indices| f64::from(no_grad(|| loss(&data.gather(indices))).item()));
    losses.sum::<f64>() / (count / size) as f64
}

/// Loss and accuracy of a model that classifies MNIST, in batches of 1000.
pub(crate) fn evaluate_mnist(mnist: &Mnist, model: impl Fn(&Tensor) -> Tensor) -> (f64, Option<f64>) {
    let loss = evaluate(&mnist.train, 10_000, 1000, |(images, labels)| cross_entropy(&model(images), labels));
    let everything: Vec<usize> = (0..mnist.test.len()).collect();
    let accuracies = everything.chunks(1000).map(|indices| {
        let (images, labels) = mnist.test.gather(indices);
        no_grad(|| accuracy(&model(&images), &labels))
    });
    (loss, Some(accuracies.sum::<f64>() / 10.0))
}
