//! Networks F to J, as far as they are not a framework's affair: batches, data, initial numbers and the loop.

use std::time::Instant;

use crate::memory::MemoryBefore;
use crate::{Measured, Options, SplitMix64, order};

/// What the embedding of G and H knows.
pub const SYMBOLS: usize = 64;
/// Symbols in a piece of text.
pub const LENGTH: usize = 32;
/// Pieces of text, and sequences of J.
pub const SAMPLES: usize = 3200;
/// The training loss of G, H and J is taken over the first so many.
pub const CHECKED_SAMPLES: usize = 320;
/// Steps of the sequences of J, and numbers in each.
pub const STEPS: usize = 20;
pub const FEATURES: usize = 8;

/// The initial numbers of F to J: draw them for the parameters in PyTorch's order.
pub struct Weights(SplitMix64);

impl Weights {
    #[expect(clippy::new_without_default, reason = "the numbers run out of it")]
    pub fn new() -> Self {
        Weights(SplitMix64(1))
    }

    /// The numbers of a parameter of this many elements, bounded by `1/√fan_in`.
    pub fn draw(&mut self, count: usize, fan_in: usize) -> Vec<f32> {
        self.0.uniform(count, fan_in)
    }

    /// The weight `[outputs, inputs]` and the bias of a fully connected layer.
    pub fn dense(&mut self, inputs: usize, outputs: usize) -> (Vec<f32>, Vec<f32>) {
        (self.draw(inputs * outputs, inputs), self.draw(outputs, inputs))
    }

    /// The weight `[outputs, inputs, 3, 3]` and the bias of a convolution.
    pub fn convolution(&mut self, inputs: usize, outputs: usize) -> (Vec<f32>, Vec<f32>) {
        (self.draw(9 * inputs * outputs, 9 * inputs), self.draw(outputs, 9 * inputs))
    }
}

/// A made-up text: after symbol `s` come eight different ones, from `5·s` on.
pub struct Text {
    symbols: Vec<u8>,
}

impl Text {
    #[expect(clippy::new_without_default, reason = "it is always the same")]
    pub fn new() -> Self {
        let (mut generator, mut symbol) = (SplitMix64(2), 0);
        let mut next = || {
            symbol = (5 * symbol + generator.next() % 8) % SYMBOLS as u64;
            symbol as u8
        };
        Text { symbols: (0..=SAMPLES * LENGTH).map(|_| next()).collect() }
    }

    /// The 33 symbols of a piece.
    pub fn piece(&self, index: usize) -> &[u8] {
        &self.symbols[index * LENGTH..][..LENGTH + 1]
    }

    /// The pieces at `indices`, one after the other, and the symbols that follow each.
    pub fn gather<T: From<u8>>(&self, indices: &[usize]) -> (Vec<T>, Vec<T>) {
        let symbols = |from: usize| {
            let pieces = indices.iter().flat_map(|&index| &self.piece(index)[from..][..LENGTH]);
            pieces.map(|&symbol| symbol.into()).collect()
        };
        (symbols(0), symbols(1))
    }
}

/// The random sequences of J.
pub struct Sequences {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Sequences {
    #[expect(clippy::new_without_default, reason = "they are always the same")]
    pub fn new() -> Self {
        let x = SplitMix64(3).uniform(STEPS * SAMPLES * FEATURES, 1);
        let sum = |i: usize| (0..STEPS).map(|t| f64::from(x[(t * SAMPLES + i) * FEATURES])).sum::<f64>();
        let y = (0..SAMPLES).map(|i| (sum(i) / 4.0) as f32).collect();
        Sequences { x, y }
    }

    /// The sequences at `indices`, `[indices, 20, 8]`, and their targets: a quarter of the sum of the first feature.
    pub fn gather(&self, indices: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let mut x = Vec::with_capacity(indices.len() * STEPS * FEATURES);
        for &index in indices {
            for t in 0..STEPS {
                x.extend_from_slice(&self.x[(t * SAMPLES + index) * FEATURES..][..FEATURES]);
            }
        }
        (x, indices.iter().map(|&index| self.y[index]).collect())
    }
}

/// Calls `step` with the indices of each batch. The caller adds what it finds afterwards.
pub fn train(options: &Options, samples: usize, mut step: impl FnMut(&[usize])) -> Measured {
    let batch = options.batch();
    let mut steps = Vec::new();
    let memory = MemoryBefore::steps();
    let start = Instant::now();
    'all: for epoch in 0..options.epochs {
        for indices in order(epoch, samples).chunks_exact(batch) {
            if steps.len() == options.max_steps {
                break 'all;
            }
            let start = Instant::now();
            step(indices);
            steps.push(start.elapsed().as_secs_f64());
        }
    }
    let step_mb = memory.exceeded_by();
    let seconds_per_epoch = start.elapsed().as_secs_f64() / steps.len() as f64 * (samples / batch) as f64;
    Measured { steps, seconds_per_epoch, step_mb, ..Measured::default() }
}

/// The mean of `loss` over the first samples in batches of the configuration's size.
pub fn train_loss(options: &Options, mut loss: impl FnMut(&[usize]) -> f64) -> f64 {
    let first: Vec<usize> = (0..CHECKED_SAMPLES).collect();
    let batches = first.chunks(options.batch());
    let count = batches.len() as f64;
    batches.map(&mut loss).sum::<f64>() / count
}
