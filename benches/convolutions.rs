//! Convolutions at the sizes of small networks, in GFLOP/s: forward, and forward with all gradients.
//!
//!     cargo bench -p downhill-benches --bench convolutions

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use downhill::Conv;
use downhill::prelude::*;

fn main() {
    divan::main();
}

/// `[N, C, H, W]`, the weight's shape, the stride, the padding and the groups.
type Case = ([usize; 4], [usize; 4], usize, usize, usize);

const CASES: [Case; 7] = [
    // The two convolutions of network F.
    ([64, 1, 28, 28], [16, 1, 3, 3], 1, 1, 1),
    ([64, 16, 14, 14], [32, 16, 3, 3], 1, 1, 1),
    // Those of LeNet-5.
    ([64, 6, 14, 14], [16, 6, 5, 5], 1, 0, 1),
    // A residual network for small images: a step down, a small image, 1 × 1.
    ([32, 32, 32, 32], [64, 32, 3, 3], 2, 1, 1),
    ([32, 64, 8, 8], [64, 64, 3, 3], 1, 1, 1),
    ([32, 64, 16, 16], [32, 64, 1, 1], 1, 0, 1),
    // Depthwise.
    ([32, 64, 16, 16], [64, 1, 3, 3], 1, 1, 64),
];

struct Layer {
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    options: Conv<2>,
}

impl Layer {
    fn new((x, weight, stride, padding, groups): Case) -> Self {
        let numbers = |shape: &[usize]| {
            let len: usize = shape.iter().product();
            let numbers = (0..len).map(|i| (i % 97) as f32 / 97.0 - 0.5);
            Tensor::param(Tensor::appended(shape, |elements| elements.extend(numbers)))
        };
        let options = Conv { stride: [stride; 2], padding: padding.into(), groups, ..Conv::default() };
        Layer { x: numbers(&x), weight: numbers(&weight), bias: numbers(&weight[..1]), options }
    }

    fn forward(&self) -> Tensor {
        black_box(&self.x).conv2d(&self.weight, Some(&self.bias), self.options)
    }

    /// Additions and multiplications of one pass.
    fn work(&self) -> usize {
        2 * self.forward().len() * self.weight.len() / self.weight.shape()[0]
    }
}

#[divan::bench(args = CASES)]
fn forward(bencher: Bencher<'_, '_>, case: Case) {
    let layer = Layer::new(case);
    bencher.counter(ItemsCount::new(layer.work())).bench(|| layer.forward());
}

#[divan::bench(args = CASES)]
fn forward_and_backward(bencher: Bencher<'_, '_>, case: Case) {
    let layer = Layer::new(case);
    let dy = layer.forward().detach();
    bencher
        .counter(ItemsCount::new(3 * layer.work()))
        .bench(|| downhill::vjp_many(&layer.forward(), &[&layer.x, &layer.weight, &layer.bias], &dy));
}

/// The two convolutions of network F, forward and backward. The images need no gradient.
#[divan::bench(args = [0, 1])]
fn network_f(bencher: Bencher<'_, '_>, number: usize) {
    let layer = Layer::new(CASES[number]);
    let dy = layer.forward().detach();
    let wanted = [&layer.weight, &layer.bias, &layer.x];
    bencher.bench(|| downhill::vjp_many(&layer.forward(), &wanted[..2 + number], &dy));
}
